#include "kernels/formats/stored_format.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/test_data_for_test.h"
#include "kernels/formats/tensor_file_for_test.h"
#include "kernels/same_bits_for_test.h"

namespace shoal {
namespace {

using test::same_bits;

std::vector<float> dequantized(DType type, std::span<const std::byte> bytes, int64_t count) {
  std::vector<float> values(count);
  dequantize(type, bytes, values);
  return values;
}

TEST(Dequantize, GivesTheBitsOfGgmlForEveryBlockFormat) {
  const std::filesystem::path path = test_data_path("oracles/gguf/blocks.safetensors");
  if (!exists(path)) GTEST_SKIP() << path;
  const test::TensorFile file(path);
  int formats = 0;
  for (const StoredFormat& format : stored_formats()) {
    if (format.block_columns == 1 || !format.type) continue;
    const std::string name(format.name);
    const test::FileTensor blocks = file.tensor(name + ".blocks");
    const std::vector<float> values = file.tensor(name + ".values").floats();
    const auto got = dequantized(*format.type, blocks.bytes(), std::ssize(values));
    EXPECT_TRUE(same_bits(got, values)) << name;
    ++formats;
  }
  EXPECT_EQ(formats, 25);
}

TEST(Dequantize, ReadsHalvesSubnormalsIncluded) {
  const std::vector<uint16_t> halves = {0x3c00, 0xbc01, 0x0001, 0x83ff, 0x7bff, 0x8000};
  const auto bytes = std::as_bytes(std::span(halves));
  const std::vector<float> expected = {1.0F, -1.0009765625F, 0x1p-24F, -0x1.ff8p-15F, 65504.0F, -0.0F};
  EXPECT_TRUE(same_bits(dequantized(DType::f16, bytes, 6), expected));
  const std::vector<float> expected_bf16 = {0x1p-7F,       -0x1.02p-7F, 0x1p-133F,
                                            -0x1.fep-120F, 0x1.fep120F, -0.0F};
  EXPECT_TRUE(same_bits(dequantized(DType::bf16, bytes, 6), expected_bf16));
}

TEST(StoredFormats, AreFoundByTypeAndHaveItsSizes) {
  for (const StoredFormat& format : stored_formats()) {
    if (!format.type) continue;
    EXPECT_EQ(find_stored_format(*format.type), &format);
    EXPECT_EQ(format.name, dtype_info(*format.type).name);
    EXPECT_EQ(format.block_columns, dtype_info(*format.type).block_elements);
    EXPECT_EQ(format.row_bytes(0, 512), bytes_of(*format.type, 512));
  }
  for (const DType type : {DType::f64, DType::i8, DType::i32, DType::u8, DType::u32, DType::boolean}) {
    EXPECT_EQ(find_stored_format(type), nullptr);
  }
}

}  // namespace
}  // namespace shoal
