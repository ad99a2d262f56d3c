// How files write weight matrices. Each format is one value in the table of its family's file beside this
// one: what a row consists of, how it is read, and what it is packed into at load.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernels/weight_format.h"
#include "tensor/dtype.h"

namespace shoal {

// A matrix is made of one tensor, or of three: weights, scales and biases. These are the bytes of some rows,
// or of some blocks of one row, in each of them.
inline constexpr int64_t stored_tensors = 3;
using StoredBytes = std::array<std::span<const std::byte>, stored_tensors>;

// Blocks have so many columns, or a whole fraction of them.
inline constexpr int64_t largest_block_columns = 256;

struct StoredFormat {
  std::string_view name;      // for people
  std::optional<DType> type;  // by which a tensor of the format is known; nullopt: it takes more to know it
  int64_t block_columns;      // a row consists of whole blocks
  std::array<int64_t, stored_tensors> block_bytes;  // in each tensor; 0: the format has no such tensor

  // Turns whole blocks into float32 exactly. This defines what the format means.
  void (*dequantize)(const StoredFormat& format, const StoredBytes& blocks, std::span<float> target);

  // What pack() makes. A format without pack() stays as it is stored and is multiplied by the generic path:
  // its values exactly, as floats.
  WeightFormat packed = {};
  // Packs up to 16 rows of `columns` columns into a block of 16 rows.
  void (*pack)(const StoredFormat& format, const StoredBytes& rows, int64_t columns,
               std::byte* packed) = nullptr;

  WeightFormat packed_format() const;
  // Of a row's `columns` columns, whole blocks, in one of the tensors.
  int64_t row_bytes(int64_t tensor, int64_t columns) const {
    return columns / block_columns * block_bytes[tensor];
  }
};

// All formats.
std::span<const StoredFormat> stored_formats();
// nullptr when a tensor of the type alone is no weight matrix.
const StoredFormat* find_stored_format(DType type);

// The identity of a matrix that is kept as `stored` says, even if there is a pack(). `stored` must outlive
// it.
WeightFormat kept_as_stored(const StoredFormat& stored);

// Turns a file's elements into float32 exactly; `source` holds target.size() elements of `type`, which has a
// format. Loads norms and biases, and turns matrices into F32 for the exact reference arithmetic.
void dequantize(DType type, std::span<const std::byte> source, std::span<float> target);

}  // namespace shoal
