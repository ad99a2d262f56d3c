// What a weight matrix in memory is made of: the identity of its format, by which its matmul is chosen once.
// DType is what files say; formats/ leads from what files say to one of these.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/packed_layout.h"

namespace shoal {

struct StoredFormat;

enum class Numbers : uint8_t {
  f32,  // plain numbers: a block of 16 rows is [columns, 16]
  f16,
  bf16,
  integers,   // as a PackedLayout says
  as_stored,  // rows as their file has them, for formats that have no layout (yet)
};

struct WeightFormat {
  Numbers numbers = Numbers::f32;
  PackedLayout layout = {};              // of integers
  const StoredFormat* stored = nullptr;  // of rows as_stored; it lives longer than the matrix

  // Integers multiply int8 activations, everything else float32.
  bool takes_quantized_input() const { return numbers == Numbers::integers; }
  bool operator==(const WeightFormat&) const = default;
};

// For people: "Q4_K".
std::string_view format_name(const WeightFormat& format);

// The place of a format's function in Kernels::matmuls: that of its kind of number, or of its layout.
inline constexpr int64_t first_layout_place = 4;
inline constexpr int64_t matmul_count = first_layout_place + std::ssize(layouts::all);
int64_t matmul_place(const WeightFormat& format);

}  // namespace shoal
