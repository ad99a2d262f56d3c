// A weight matrix as the kernels read it: rows are interleaved by 16, so that one vector holds the same
// columns of 8 or 16 outputs. The layout is the same for every instruction set. Packing happens once, at
// load.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "tensor/buffer.h"
#include "tensor/dtype.h"

namespace shoal {

inline constexpr int64_t row_interleave = 16;

// Owns its packed bytes. Row blocks of 16 rows follow each other, each packed_block_bytes() long; rows beyond
// the matrix's end are zero weights. packed_layout.h defines the inside of a block.
class WeightMatrix {
 public:
  WeightMatrix() = default;

  // A matrix [rows, columns] of zeros. invalid_argument when `type` is not a weight format or `columns` are
  // not whole blocks of it; resource_exhausted when there is no memory.
  static Result<WeightMatrix> allocate(DType type, int64_t rows, int64_t columns);
  // As allocate(), but in `memory`: packed_weight_bytes() bytes, all zero.
  static Result<WeightMatrix> place(DType type, int64_t rows, int64_t columns, Buffer memory);

  // Packs rows [first_row, first_row + row_count) from `source`, which has row_count rows as in the file.
  // first_row must be a multiple of 16, and so must row_count except for the last rows. Threads may pack
  // different row ranges at the same time.
  void pack_rows(int64_t first_row, int64_t row_count, std::span<const std::byte> source);

  DType type() const { return type_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  // True when the format multiplies int8 activations, false when it multiplies float32.
  bool takes_quantized_input() const;
  int64_t packed_block_bytes() const { return block_bytes_; }  // of 16 rows
  const std::byte* block(int64_t row_block) const { return data_.data() + row_block * block_bytes_; }
  std::byte* block(int64_t row_block) { return data_.data() + row_block * block_bytes_; }
  int64_t packed_bytes() const { return data_.size(); }

 private:
  DType type_ = DType::f32;
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  int64_t block_bytes_ = 0;
  Buffer data_;
};

// The bytes of memory that WeightMatrix::allocate takes, with its errors for types and columns.
Result<int64_t> packed_weight_bytes(DType type, int64_t rows, int64_t columns);

// Turns a file's elements into float32 exactly; `source` holds target.size() elements of `type`. Defines the
// meaning of every format. Loads norms and biases, and turns matrices into F32 for the exact reference
// arithmetic.
void dequantize(DType type, std::span<const std::byte> source, std::span<float> target);

}  // namespace shoal
