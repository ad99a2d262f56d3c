#include "kernels/weight_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

constexpr int64_t row_blocks(int64_t rows) { return (rows + row_interleave - 1) / row_interleave; }

// Consecutive columns of 16 rows: how many there are, and how many bytes they take.
struct Unit {
  int64_t columns;
  int64_t bytes;
};

Unit unit_of(const WeightFormat& format) {
  switch (format.numbers) {
    case Numbers::f32: return {.columns = 1, .bytes = row_interleave * 4};
    case Numbers::f16:
    case Numbers::bf16: return {.columns = 1, .bytes = row_interleave * 2};
    case Numbers::integers:
      return {.columns = format.layout.block_columns(), .bytes = format.layout.block_bytes()};
    case Numbers::as_stored: {
      const std::array<int64_t, stored_tensors>& bytes = format.stored->block_bytes;
      return {.columns = format.stored->block_columns,
              .bytes = row_interleave * std::reduce(bytes.begin(), bytes.end())};
    }
  }
  std::unreachable();
}

struct PackedSize {
  int64_t block_bytes;
  int64_t total_bytes;
};

Result<PackedSize> packed_size(const WeightFormat& format, int64_t rows, int64_t columns) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("a weight matrix of type {} with {} rows and {} columns: {}", format_name(format),
                            rows, columns, why));
  };
  if (rows < 1 || columns < 1) return refuse("it is empty");
  const Unit unit = unit_of(format);
  if (columns % unit.columns != 0) {
    return refuse(fmt::format("columns must be a multiple of {}", unit.columns));
  }
  PackedSize size{};
  if (__builtin_mul_overflow(columns / unit.columns, unit.bytes, &size.block_bytes) ||
      rows > INT64_MAX - row_interleave ||
      __builtin_mul_overflow(size.block_bytes, row_blocks(rows), &size.total_bytes)) {
    return refuse("it is too large");
  }
  return size;
}

}  // namespace

Result<WeightMatrix> WeightMatrix::allocate(const WeightFormat& format, int64_t rows, int64_t columns) {
  const Result<int64_t> size = packed_weight_bytes(format, rows, columns);
  if (!size) return fail(size.error());
  Result<Buffer> memory = Buffer::allocate(*size);
  if (!memory) return fail(memory.error());
  return place(format, rows, columns, std::move(*memory));
}

Result<WeightMatrix> WeightMatrix::place(const WeightFormat& format, int64_t rows, int64_t columns,
                                         Buffer memory) {
  const Result<PackedSize> size = packed_size(format, rows, columns);
  if (!size) return fail(size.error());
  CHECK(memory.size() == size->total_bytes);
  WeightMatrix matrix;
  matrix.format_ = format;
  matrix.matmul_place_ = shoal::matmul_place(format);
  matrix.rows_ = rows;
  matrix.columns_ = columns;
  matrix.block_bytes_ = size->block_bytes;
  matrix.data_ = std::move(memory);
  return matrix;
}

void WeightMatrix::pack_rows(const StoredFormat& stored, int64_t first_row, int64_t row_count,
                             const StoredBytes& source) {
  CHECK(first_row % row_interleave == 0 && first_row >= 0 && row_count >= 0 &&
        first_row + row_count <= rows_);
  CHECK(row_count % row_interleave == 0 || first_row + row_count == rows_);
  CHECK(columns_ % stored.block_columns == 0);
  for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
    CHECK(std::ssize(source[tensor]) == row_count * stored.row_bytes(tensor, columns_));
  }
  const bool is_kept = format_ == kept_as_stored(stored);
  CHECK(is_kept || format_ == stored.packed_format());
  for (int64_t row = 0; row < row_count; row += row_interleave) {
    const int64_t lanes = std::min(row_interleave, row_count - row);
    StoredBytes rows;
    for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
      const int64_t row_bytes = stored.row_bytes(tensor, columns_);
      rows[tensor] = source[tensor].subspan(row * row_bytes, lanes * row_bytes);
    }
    std::byte* const packed = block((first_row + row) / row_interleave);
    if (is_kept) {
      keep_rows(rows, packed);
    } else {
      stored.pack(stored, rows, columns_, packed);
    }
  }
}

void WeightMatrix::keep_rows(const StoredBytes& rows, std::byte* block) const {
  for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
    if (!rows[tensor].empty()) std::memcpy(block, rows[tensor].data(), rows[tensor].size());
    block += row_interleave * format_.stored->row_bytes(tensor, columns_);
  }
}

StoredBytes WeightMatrix::stored_bytes(int64_t row, int64_t first_column, int64_t count) const {
  const StoredFormat& stored = *format_.stored;
  CHECK(first_column % stored.block_columns == 0 && count % stored.block_columns == 0);
  const std::byte* rows = block(row / row_interleave);
  StoredBytes bytes;
  for (int64_t tensor = 0; tensor < stored_tensors; ++tensor) {
    const int64_t row_bytes = stored.row_bytes(tensor, columns_);
    bytes[tensor] = std::span(rows, static_cast<size_t>(row_interleave * row_bytes))
                        .subspan(row % row_interleave * row_bytes + stored.row_bytes(tensor, first_column),
                                 stored.row_bytes(tensor, count));
    rows += row_interleave * row_bytes;
  }
  return bytes;
}

Result<int64_t> packed_weight_bytes(const WeightFormat& format, int64_t rows, int64_t columns) {
  const Result<PackedSize> size = packed_size(format, rows, columns);
  if (!size) return fail(size.error());
  return size->total_bytes;
}

}  // namespace shoal
