#include "kernels/formats/mlx_affine.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/test_data_for_test.h"
#include "kernels/formats/tensor_file_for_test.h"
#include "kernels/same_bits_for_test.h"

namespace shoal {
namespace {

DType factor_type(const std::string& name) {
  return name == "F16" ? DType::f16 : name == "BF16" ? DType::bf16 : DType::f32;
}

// Scales of bf16 and f16 give the same bits whether the addition is fused or not; of float32, one unit in the
// last place is left open.
TEST(MlxAffine, GivesTheNumbersThatMlxGives) {
  const auto path = test_data_path("oracles/quant/packing.safetensors");
  if (!exists(path)) GTEST_SKIP() << path;
  const test::TensorFile file(path);
  std::ifstream description(test_data_path("oracles/quant/packing.json"));
  const auto cases = nlohmann::json::parse(description).at("cases");
  int count = 0;
  for (const auto& item : cases) {
    if (item.at("mode") != "affine") continue;
    const auto name = item.at("name").get<std::string>();
    const test::FileTensor numbers = file.tensor(name + ".packed");
    const test::FileTensor scales = file.tensor(name + ".scales");
    const test::FileTensor biases = file.tensor(name + ".biases");
    const std::vector<float> expected = file.tensor(name + ".dequant").floats();
    const StoredFormat* const format =
        find_mlx_affine(item.at("bits"), item.at("group_size"), factor_type(scales.type));
    ASSERT_NE(format, nullptr) << name;
    std::vector<float> values(expected.size());
    format->dequantize(*format, {numbers.bytes(), scales.bytes(), biases.bytes()}, values);
    if (scales.type == "F32") {
      for (size_t i = 0; i < values.size(); ++i) EXPECT_FLOAT_EQ(values[i], expected[i]) << name;
    } else {
      EXPECT_TRUE(test::same_bits(values, expected)) << name;
    }
    ++count;
  }
  EXPECT_EQ(count, 57);
}

TEST(MlxAffine, HasNoFormatsButThoseOfMlx) {
  EXPECT_EQ(find_mlx_affine(7, 64, DType::f16), nullptr);
  EXPECT_EQ(find_mlx_affine(4, 16, DType::f16), nullptr);
  EXPECT_EQ(find_mlx_affine(4, 256, DType::f16), nullptr);
  EXPECT_EQ(find_mlx_affine(0, 64, DType::bf16), nullptr);
  EXPECT_EQ(find_mlx_affine(4, 64, DType::f64), nullptr);
  EXPECT_EQ(find_mlx_affine(3, 64, DType::bf16)->name, "MLX 3 bit, group 64, BF16");
}

}  // namespace
}  // namespace shoal
