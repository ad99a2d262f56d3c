// GGUF's formats of small numbers times one f16: TQ1_0 and TQ2_0 (-1, 0, 1), Q1_0 (-1, 1), Q2_0 (-1 … 2). The
// formulas are those of ggml's dequantize_row_* functions.
#include "kernels/formats/families.h"
#include "kernels/formats/whole_blocks.h"
#include "kernels/half.h"
#include "kernels/load_bytes.h"

namespace shoal {
namespace {

// `count` bytes of five numbers (or the first `digits` of them) each, base 3: byte b is the numbers' value as
// a fraction of 256, rounded up, so that the first digit is the integer part of 3 · b / 256. Number n of byte
// i is column n · count + i.
void read_base_3(const std::byte* bytes, int64_t count, int64_t digits, float d, float* columns) {
  uint8_t power = 1;
  for (int64_t n = 0; n < digits; ++n) {
    for (int64_t i = 0; i < count; ++i) {
      const auto rest = static_cast<uint8_t>(static_cast<uint8_t>(bytes[i]) * power);
      columns[n * count + i] = d * static_cast<float>((rest * 3 >> 8) - 1);
    }
    power = static_cast<uint8_t>(power * 3);
  }
}

void read_tq1_0(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block + 52));
  read_base_3(block, 32, 5, d, columns);
  read_base_3(block + 32, 16, 5, d, columns + 160);
  read_base_3(block + 48, 4, 4, d, columns + 240);
}

// Two halves of 32 bytes; bits 2n and 2n + 1 of byte i are column 32 · n + i of the half.
void read_tq2_0(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block + 64));
  for (int64_t column = 0; column < 256; ++column) {
    const auto byte = static_cast<uint8_t>(block[column / 128 * 32 + column % 32]);
    columns[column] = d * static_cast<float>((byte >> (column % 128 / 32 * 2) & 3) - 1);
  }
}

// d, then numbers of `bits` bits, the first one lowest.
template <int64_t bits, int64_t count, int factor>
void read_bits(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block));
  constexpr int64_t in_byte = 8 / bits;
  for (int64_t column = 0; column < count; ++column) {
    const auto byte = static_cast<uint8_t>(block[2 + column / in_byte]);
    const int number = byte >> (column % in_byte * bits) & ((1 << bits) - 1);
    columns[column] = d * static_cast<float>(factor * number - 1);
  }
}

}  // namespace

std::span<const StoredFormat> gguf_ternary_formats() {
  static const std::array formats = {
      whole_block_format<read_tq1_0>(DType::tq1_0),
      whole_block_format<read_tq2_0>(DType::tq2_0),
      whole_block_format<read_bits<1, 128, 2>>(DType::q1_0),
      whole_block_format<read_bits<2, 64, 1>>(DType::q2_0),
  };
  return formats;
}

}  // namespace shoal
