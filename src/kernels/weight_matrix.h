// A weight matrix as the kernels read it: rows interleaved by 16, so that one vector holds the same columns
// of 8 or 16 outputs. The layout is the same for every instruction set. Packing happens once, at load.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "tensor/buffer.h"
#include "tensor/dtype.h"

namespace shoal {

inline constexpr int64_t row_interleave = 16;

// Owns its packed bytes. Row blocks lie one after another, each packed_block_bytes() long; rows beyond the
// matrix's end are zero weights. The inside of a block is said once, in packed_layout.h.
class WeightMatrix {
 public:
  WeightMatrix() = default;

  // Room for a matrix of [rows, columns] in `type`, all zero. invalid_argument when the type is not a weight
  // format or `columns` are not whole blocks of it.
  static Result<WeightMatrix> allocate(DType type, int64_t rows, int64_t columns);
  // The same in `memory`, packed_weight_bytes() of zeros.
  static Result<WeightMatrix> place(DType type, int64_t rows, int64_t columns, Buffer memory);

  // Packs rows [first_row, first_row + row_count) from `source`, row_count rows as the file has them.
  // first_row is a multiple of 16, and so is row_count except for the last rows. Different row ranges may be
  // packed by different threads at the same time.
  void pack_rows(int64_t first_row, int64_t row_count, std::span<const std::byte> source);

  DType type() const { return type_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  // True when the format multiplies int8 activations, false when it reads float32.
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

// Bytes that WeightMatrix::allocate takes, for planning. The same errors.
Result<int64_t> packed_weight_bytes(DType type, int64_t rows, int64_t columns);

// `count` elements of a row as the file has them, exactly as float32. The reference of every format's
// meaning; used to load norms and biases, and to turn a matrix into F32 for the exact reference arithmetic.
void dequantize(DType type, std::span<const std::byte> source, std::span<float> target);

}  // namespace shoal
