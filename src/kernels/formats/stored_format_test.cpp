#include "kernels/formats/stored_format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/test_data_for_test.h"
#include "kernels/same_bits_for_test.h"

namespace shoal {
namespace {

using test::same_bits;

std::vector<float> dequantized(DType type, std::span<const std::byte> bytes, int64_t count) {
  std::vector<float> values(count);
  dequantize(type, bytes, values);
  return values;
}

// The bytes of one tensor in a small safetensors file.
std::string tensor_bytes(const std::string& file, const std::string& name) {
  uint64_t header_bytes;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const auto header = nlohmann::json::parse(file.substr(8, header_bytes));
  const auto offsets = header.at(name).at("data_offsets");
  const uint64_t begin = offsets.at(0).get<uint64_t>();
  return file.substr(8 + header_bytes + begin, offsets.at(1).get<uint64_t>() - begin);
}

TEST(Dequantize, GivesTheBitsOfGgmlForEveryBlockFormat) {
  const std::filesystem::path path = test_data_path("oracles/gguf/blocks.safetensors");
  if (!exists(path)) GTEST_SKIP() << path;
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  int formats = 0;
  for (const StoredFormat& format : stored_formats()) {
    if (format.block_columns == 1) continue;
    const std::string name(format.name);
    const std::string blocks = tensor_bytes(file, name + ".blocks");
    const std::string expected = tensor_bytes(file, name + ".values");
    std::vector<float> values(expected.size() / sizeof(float));
    std::memcpy(values.data(), expected.data(), expected.size());
    const auto got = dequantized(*format.type, std::as_bytes(std::span(blocks)), std::ssize(values));
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
    ASSERT_TRUE(format.type);
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
