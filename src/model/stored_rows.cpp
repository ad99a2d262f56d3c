#include "model/stored_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace shoal {
namespace {

int64_t transposed_columns(const WeightSource& source, const Weight& weight) {
  return source.columns.stored_rows > 0 ? source.columns.stored_rows : weight.shape.front();
}

}  // namespace

SourceShape::SourceShape(const WeightSource& source, const Weight& weight)
    : source_(source),
      is_matrix_(weight.shape.size() > 1),
      row_count_(source.is_transposed ? weight.shape.back() : weight.shape.front()),
      columns_(!is_matrix_            ? 1
               : source.is_transposed ? transposed_columns(source, weight)
                                      : weight.shape.back()),
      tensor_rows_(source.rows.stored_rows == 0 ? row_count_ : source.rows.stored_rows) {}

std::vector<int64_t> SourceShape::with_columns(int64_t columns) const {
  std::vector<int64_t> shape = {tensor_rows_};
  if (is_matrix_) shape.push_back(columns);
  if (source_.stack.count > 0) shape.insert(shape.begin(), source_.stack.count);
  return shape;
}

StoredPart SourceShape::place(const StoredTensor& tensor) const {
  const bool is_stack = source_.stack.count > 0;
  const int64_t place_bytes = is_stack ? tensor.bytes / source_.stack.count : tensor.bytes;
  return {.tensor = &tensor,
          .offset = tensor.offset + source_.stack.index * place_bytes,
          .row_bytes = place_bytes / tensor_rows_};
}

std::string describe_shape(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace shoal
