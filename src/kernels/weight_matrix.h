// A weight matrix as the kernels read it: rows are interleaved by 16, so that one vector holds the same
// columns of 8 or 16 outputs. The layout is the same for every instruction set. Packing happens once, at
// load.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "kernels/formats/stored_format.h"
#include "kernels/weight_format.h"
#include "tensor/buffer.h"

namespace shoal {

inline constexpr int64_t row_interleave = PackedLayout::rows;

// Owns its packed bytes. Row blocks of 16 rows follow each other, each packed_block_bytes() long; rows beyond
// the matrix's end are zero weights. weight_format.h and packed_layout.h define the inside of a block. In a
// format that stays as stored, a block is its 16 rows of the first tensor, then those of the others.
class WeightMatrix {
 public:
  WeightMatrix() = default;

  // A matrix [rows, columns] of zeros. invalid_argument when `columns` are not whole blocks of the format;
  // resource_exhausted when there is no memory.
  static Result<WeightMatrix> allocate(const WeightFormat& format, int64_t rows, int64_t columns);
  // As allocate(), but in `memory`: packed_weight_bytes() bytes, all zero.
  static Result<WeightMatrix> place(const WeightFormat& format, int64_t rows, int64_t columns, Buffer memory);

  // Packs rows [first_row, first_row + row_count) from `source`, which has row_count rows as files have them.
  // This matrix has the format that `stored` is packed into, or keeps it. first_row must be a multiple of 16,
  // and so must row_count except for the last rows. Threads may pack different row ranges at the same time.
  void pack_rows(const StoredFormat& stored, int64_t first_row, int64_t row_count, const StoredBytes& source);

  const WeightFormat& format() const { return format_; }
  int64_t matmul_place() const { return matmul_place_; }  // in Kernels::matmuls
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t packed_block_bytes() const { return block_bytes_; }  // of 16 rows
  const std::byte* block(int64_t row_block) const { return data_.data() + row_block * block_bytes_; }
  std::byte* block(int64_t row_block) { return data_.data() + row_block * block_bytes_; }
  int64_t packed_bytes() const { return data_.size(); }

  // In a format that stays as stored: `count` columns of one row from `first_column` on, in whole blocks.
  StoredBytes stored_bytes(int64_t row, int64_t first_column, int64_t count) const;

 private:
  void keep_rows(const StoredBytes& rows, std::byte* block) const;

  WeightFormat format_;
  int64_t matmul_place_ = 0;
  int64_t rows_ = 0;
  int64_t columns_ = 0;
  int64_t block_bytes_ = 0;
  Buffer data_;
};

// The bytes of memory that WeightMatrix::allocate takes, with its errors for columns.
Result<int64_t> packed_weight_bytes(const WeightFormat& format, int64_t rows, int64_t columns);

}  // namespace shoal
