// GGUF's formats of 256 elements a block whose quants are points of codebooks: IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS,
// IQ2_S, IQ3_XXS, IQ3_S. The formulas are those of ggml's dequantize_row_* functions; all products are exact.
#include <bit>

#include "kernels/formats/families.h"
#include "kernels/formats/iq1_points.h"
#include "kernels/formats/iq2_points.h"
#include "kernels/formats/iq3_points.h"
#include "kernels/formats/iq_grid.h"
#include "kernels/formats/whole_blocks.h"
#include "kernels/half.h"
#include "kernels/load_bytes.h"

namespace shoal {
namespace {

constexpr std::array<int8_t, 3> iq1_values = {-1, 0, 1};
constexpr std::array<int8_t, 3> iq2_values = {8, 25, 43};
constexpr std::array<int8_t, 8> iq3_xxs_values = {4, 12, 20, 28, 36, 44, 52, 62};
constexpr std::array<int8_t, 8> iq3_s_values = {1, 3, 5, 7, 9, 11, 13, 15};

constexpr auto iq1_grid = iq::make_grid<8>(iq::iq1_points, iq1_values);
constexpr auto iq2_xxs_grid = iq::make_grid<8>(iq::iq2_xxs_points, iq2_values);
constexpr auto iq2_xs_grid = iq::make_grid<8>(iq::iq2_xs_points, iq2_values);
constexpr auto iq2_s_grid = iq::make_grid<8>(iq::iq2_s_points, iq2_values);
constexpr auto iq3_xxs_grid = iq::make_grid<4>(iq::iq3_xxs_points, iq3_xxs_values);
constexpr auto iq3_s_grid = iq::make_grid<4>(iq::iq3_s_points, iq3_s_values);

uint32_t byte_at(const std::byte* bytes, int64_t place) { return static_cast<uint8_t>(bytes[place]); }
uint32_t half_byte_at(const std::byte* bytes, int64_t place) {
  return byte_at(bytes, place / 2) >> (place % 2 * 4) & 15;
}
float read_d(const std::byte* bytes) { return f32_from_f16(load_half(bytes)); }

// Column i is scale · point[i], negative where bit i of `signs` is set.
template <size_t columns>
void write_signed(const std::array<int8_t, columns>& point, uint32_t signs, float scale, float* target) {
  for (size_t i = 0; i < columns; ++i) {
    const int value = (signs >> i & 1) != 0 ? -point[i] : point[i];
    target[i] = scale * static_cast<float>(value);
  }
}

// Column i is scale · (point[i] ± 1/8).
void write_shifted(const std::array<int8_t, 8>& point, bool is_below, float scale, float* target) {
  const float shift = is_below ? -0.125F : 0.125F;
  for (size_t i = 0; i < 8; ++i) target[i] = scale * (static_cast<float>(point[i]) + shift);
}

// Files have 7 of 8 signs; the number of negative ones is even.
uint32_t with_eighth_sign(uint32_t seven) { return seven | (std::popcount(seven) & 1U) << 7; }

// d; then, for each 32 columns, four bytes of places in the grid and a word of four times 7 signs and a
// scale.
void read_iq2_xxs(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t group = 0; group < 8; ++group) {
    const std::byte* places = block + 2 + 8 * group;
    const uint32_t word = load_word(places + 4);
    const float scale = d * (0.5F + static_cast<float>(word >> 28)) * 0.25F;
    for (int64_t i = 0; i < 4; ++i) {
      write_signed(iq2_xxs_grid[byte_at(places, i)], with_eighth_sign(word >> (7 * i) & 127), scale,
                   columns + 32 * group + 8 * i);
    }
  }
}

// d; 32 halves of a place and 7 signs; a scale of 4 bits for each 16 columns.
void read_iq2_xs(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t i = 0; i < 32; ++i) {
    const uint32_t half = load_half(block + 2 + 2 * i);
    const float scale = d * (0.5F + static_cast<float>(half_byte_at(block + 66, i / 2))) * 0.25F;
    write_signed(iq2_xs_grid[half & 511], with_eighth_sign(half >> 9), scale, columns + 8 * i);
  }
}

// d; the low bytes of 32 places; 8 signs for each; two more bits of each place; a scale of 4 bits for each 16
// columns.
void read_iq2_s(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t i = 0; i < 32; ++i) {
    const uint32_t high = byte_at(block + 66, i / 4) >> (i % 4 * 2) & 3;
    const float scale = d * (0.5F + static_cast<float>(half_byte_at(block + 74, i / 2))) * 0.25F;
    write_signed(iq2_s_grid[byte_at(block + 2, i) | high << 8], byte_at(block + 34, i), scale,
                 columns + 8 * i);
  }
}

// d; 64 places; for each 32 columns a word of four times 7 signs and a scale.
void read_iq3_xxs(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t i = 0; i < 32; ++i) {
    const uint32_t word = load_word(block + 66 + i / 4 * 4);
    const float scale = d * (0.5F + static_cast<float>(word >> 28)) * 0.5F;
    const uint32_t signs = with_eighth_sign(word >> (i % 4 * 7) & 127);
    write_signed(iq3_xxs_grid[byte_at(block + 2, 2 * i)], signs, scale, columns + 8 * i);
    write_signed(iq3_xxs_grid[byte_at(block + 2, 2 * i + 1)], signs >> 4, scale, columns + 8 * i + 4);
  }
}

// d; the low bytes of 64 places; the ninth bit of each; 8 signs for two of them; a scale of 4 bits for each
// 32 columns.
void read_iq3_s(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t i = 0; i < 64; ++i) {
    const uint32_t high = byte_at(block + 66, i / 8) >> (i % 8) & 1;
    const float scale = d * static_cast<float>(1 + 2 * half_byte_at(block + 106, i / 8));
    write_signed(iq3_s_grid[byte_at(block + 2, i) | high << 8], half_byte_at(block + 74, i), scale,
                 columns + 4 * i);
  }
}

// d; the low bytes of 32 places; for each 32 columns a half of four times three more bits of a place, a
// scale, and the side to which its columns are shifted.
void read_iq1_s(const std::byte* block, float* columns) {
  const float d = read_d(block);
  for (int64_t i = 0; i < 32; ++i) {
    const uint32_t half = load_half(block + 34 + i / 4 * 2);
    const uint32_t high = half >> (i % 4 * 3) & 7;
    const float scale = d * static_cast<float>(1 + 2 * (half >> 12 & 7));
    write_shifted(iq1_grid[byte_at(block + 2, i) | high << 8], half >> 15 != 0, scale, columns + 8 * i);
  }
}

// The low bytes of 32 places; for each three more bits and the side to which its columns are shifted; then
// four halves of four scales, each for 16 columns, in whose high 4 bits is d.
void read_iq1_m(const std::byte* block, float* columns) {
  const std::byte* scales = block + 48;
  uint32_t d_bits = 0;
  for (int64_t i = 0; i < 4; ++i) d_bits |= (load_half(scales + 2 * i) >> 12U) << (4 * i);
  const float d = f32_from_f16(static_cast<uint16_t>(d_bits));
  for (int64_t i = 0; i < 32; ++i) {
    const uint32_t high = half_byte_at(block + 32, i);
    const uint32_t sub_scale = load_half(scales + i / 8 * 2) >> (i / 2 % 4 * 3) & 7U;
    const float scale = d * static_cast<float>(1 + 2 * sub_scale);
    write_shifted(iq1_grid[byte_at(block, i) | (high & 7) << 8], (high & 8) != 0, scale, columns + 8 * i);
  }
}

}  // namespace

std::span<const StoredFormat> gguf_iq_formats() {
  static const std::array formats = {
      whole_block_format<read_iq1_s>(DType::iq1_s),     whole_block_format<read_iq1_m>(DType::iq1_m),
      whole_block_format<read_iq2_xxs>(DType::iq2_xxs), whole_block_format<read_iq2_xs>(DType::iq2_xs),
      whole_block_format<read_iq2_s>(DType::iq2_s),     whole_block_format<read_iq3_xxs>(DType::iq3_xxs),
      whole_block_format<read_iq3_s>(DType::iq3_s),
  };
  return formats;
}

}  // namespace shoal
