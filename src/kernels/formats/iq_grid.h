// The codebooks of GGUF's IQ formats in the form in which they are read. iq1_points.h, iq2_points.h and
// iq3_points.h have them as small numbers: digit i of a point, of 2 bits where it has 8 columns and of 3 bits
// where it has 4, says which of a few values column i has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace shoal::iq {

template <size_t columns, size_t count>
using Grid = std::array<std::array<int8_t, columns>, count>;

template <size_t columns, size_t count, size_t values>
constexpr Grid<columns, count> make_grid(const std::array<uint16_t, count>& points,
                                         const std::array<int8_t, values>& value_of_digit) {
  constexpr size_t digit_bits = 16 / columns > 2 ? 3 : 2;
  Grid<columns, count> grid{};
  for (size_t point = 0; point < count; ++point) {
    for (size_t i = 0; i < columns; ++i) {
      const int digit = points[point] >> (digit_bits * i) & ((1 << digit_bits) - 1);
      grid[point][i] = value_of_digit[static_cast<size_t>(digit)];
    }
  }
  return grid;
}

}  // namespace shoal::iq
