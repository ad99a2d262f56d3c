// GGUF's formats of 4 bits whose quants are places in a table of 16 integers: IQ4_NL, IQ4_XS, MXFP4, NVFP4.
// The formulas are those of ggml's dequantize_row_* functions; all products are exact.
#include "kernels/formats/families.h"
#include "kernels/formats/whole_blocks.h"
#include "kernels/half.h"
#include "kernels/load_bytes.h"
#include "kernels/scale_kind.h"

namespace shoal {
namespace {

using Table = std::array<int8_t, 16>;

constexpr Table iq4_values = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// The numbers of e2m1 (sign, 2 bits of exponent, 1 of mantissa) times two; scales are half of what they say.
constexpr Table e2m1_values = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The low halves of `count` bytes, then the high halves.
void read_places(const std::byte* bytes, int64_t count, const Table& table, float scale, float* columns) {
  for (int64_t i = 0; i < count; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    columns[i] = scale * static_cast<float>(table[byte & 15]);
    columns[count + i] = scale * static_cast<float>(table[byte >> 4]);
  }
}

void read_iq4_nl(const std::byte* block, float* columns) {
  read_places(block + 2, 16, iq4_values, f32_from_f16(load_half(block)), columns);
}

// d; the high 2 bits of eight sub-scales; their low 4 bits; 16 bytes for each 32 columns.
void read_iq4_xs(const std::byte* block, float* columns) {
  const float d = f32_from_f16(load_half(block));
  const uint32_t high = load_half(block + 2);
  const uint32_t low = load_word(block + 4);
  for (int64_t group = 0; group < 8; ++group) {
    const auto bits = static_cast<int>((low >> (4 * group) & 15) | (high >> (2 * group) & 3) << 4);
    read_places(block + 8 + 16 * group, 16, iq4_values, d * static_cast<float>(bits - 32),
                columns + 32 * group);
  }
}

void read_mxfp4(const std::byte* block, float* columns) {
  // ggml knows no NaN here: it takes half of 2^128, which is 2^127.
  const auto code = static_cast<uint8_t>(block[0]);
  const float scale = code == 255 ? 0x1p127F : f32_from_e8m0(code) * 0.5F;
  read_places(block + 1, 16, e2m1_values, scale, columns);
}

// Four scales, then 8 bytes for each 16 columns. The scales are e4m3 without sign and without NaN: ggml
// ignores bit 7, but takes 0x7f as 0 and 0xff as the number that its fields say.
float read_nvfp4_scale(uint8_t code) {
  if (code == 0x7f) return 0.0F;
  if (code == 0xff) return 240.0F;
  return f32_from_e4m3(code & 0x7f) * 0.5F;
}

void read_nvfp4(const std::byte* block, float* columns) {
  for (int64_t group = 0; group < 4; ++group) {
    read_places(block + 4 + 8 * group, 8, e2m1_values, read_nvfp4_scale(static_cast<uint8_t>(block[group])),
                columns + 16 * group);
  }
}

}  // namespace

std::span<const StoredFormat> gguf_table_formats() {
  static const std::array formats = {
      whole_block_format<read_iq4_nl>(DType::iq4_nl),
      whole_block_format<read_iq4_xs>(DType::iq4_xs),
      whole_block_format<read_mxfp4>(DType::mxfp4),
      whole_block_format<read_nvfp4>(DType::nvfp4),
  };
  return formats;
}

}  // namespace shoal
