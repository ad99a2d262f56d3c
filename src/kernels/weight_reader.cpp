#include "kernels/weight_reader.h"

#include <array>

#include "base/check.h"
#include "kernels/packed_reader.h"

namespace shoal {
namespace {

// A block of plain numbers is [columns, 16].
template <class Read>
void read_numbers(const std::byte* first, int64_t size, std::span<float> out, Read read) {
  for (int64_t k = 0; k < std::ssize(out); ++k) out[k] = read(first + k * row_interleave * size);
}

void read_integers(const PackedLayout& layout, const std::byte* row_block, int64_t lane, int64_t first_column,
                   std::span<float> out) {
  for (int64_t k = 0; k < std::ssize(out); k += 32) {
    const int64_t group = (first_column + k) / 32;
    const std::byte* block = row_block + group / layout.block_groups * layout.block_bytes();
    const std::array<int32_t, 32> quants =
        read_packed_quants(layout, block, group % layout.block_groups, lane);
    const PackedFactors factors = read_packed_factors(layout, block, group % layout.block_groups, lane);
    for (int64_t i = 0; i < 32; ++i) {
      const auto half_scale = static_cast<float>(factors.halves[i / 16]);
      const float value = factors.scale * half_scale * static_cast<float>(quants[i]);
      out[k + i] = layout.affine ? value + factors.bias : value;
    }
  }
}

}  // namespace

void read_weights(const WeightMatrix& weights, int64_t row, int64_t first_column, std::span<float> out) {
  const WeightFormat& format = weights.format();
  const std::byte* const block = weights.block(row / row_interleave);
  const int64_t lane = row % row_interleave;
  const int64_t first = first_column * row_interleave + lane;
  switch (format.numbers) {
    case Numbers::f32:
      return read_numbers(block + 4 * first, 4, out,
                          [](const std::byte* at) { return std::bit_cast<float>(load_word(at)); });
    case Numbers::f16:
      return read_numbers(block + 2 * first, 2, out,
                          [](const std::byte* at) { return f32_from_f16(load_half(at)); });
    case Numbers::bf16:
      return read_numbers(block + 2 * first, 2, out,
                          [](const std::byte* at) { return f32_from_bf16(load_half(at)); });
    case Numbers::integers: return read_integers(format.layout, block, lane, first_column, out);
    case Numbers::as_stored:
      return format.stored->dequantize(*format.stored,
                                       weights.stored_bytes(row, first_column, std::ssize(out)), out);
  }
}

void read_row_block(const WeightMatrix& weights, int64_t row_block, int64_t first_column, int64_t columns,
                    float* out) {
  CHECK(columns <= largest_block_columns);
  std::array<float, largest_block_columns> values = {};
  for (int64_t lane = 0; lane < row_interleave; ++lane) {
    const int64_t row = row_block * row_interleave + lane;
    if (row < weights.rows()) {
      read_weights(weights, row, first_column, std::span(values).first(columns));
    } else {
      values.fill(0.0F);
    }
    for (int64_t column = 0; column < columns; ++column) out[column * row_interleave + lane] = values[column];
  }
}

}  // namespace shoal
