#include "model/stored_weight.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace shoal {
namespace {

bool is_vector_type(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

int64_t weight_rows(const WeightSource& source, const Weight& weight) {
  return source.is_transposed ? weight.shape.back() : weight.shape.front();
}

int64_t tensor_rows(const WeightSource& source, const Weight& weight) {
  return source.rows.stored_rows == 0 ? weight_rows(source, weight) : source.rows.stored_rows;
}

std::vector<int64_t> tensor_shape(const WeightSource& source, const Weight& weight) {
  std::vector<int64_t> shape = weight.shape;
  if (source.is_transposed) std::ranges::reverse(shape);
  shape.front() = tensor_rows(source, weight);
  if (source.stack.count > 0) shape.insert(shape.begin(), source.stack.count);
  return shape;
}

}  // namespace

std::optional<FoundSource> find_source(const StoredTensors& tensors, Dialect dialect, std::string_view prefix,
                                       const Weight& weight) {
  for (const WeightSource& source : weight.sources) {
    if (source.name(dialect).empty()) continue;
    const auto tensor = tensors.find(fmt::format("{}{}", prefix, source.name(dialect)));
    if (tensor != tensors.end()) return FoundSource{.tensor = &tensor->second, .source = &source};
  }
  return std::nullopt;
}

Result<void> check_stored(const FoundSource& found, const Weight& weight) {
  const StoredTensor& tensor = *found.tensor;
  const std::vector<int64_t> expected = tensor_shape(*found.source, weight);
  if (tensor.shape != expected) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("tensor '{}' has the shape [{}], the configuration says [{}]", tensor.name,
                            fmt::join(tensor.shape, ", "), fmt::join(expected, ", ")));
  }
  if (weight.is_matrix() ? find_stored_format(tensor.type) == nullptr : !is_vector_type(tensor.type)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("tensor '{}' has the type {}, which is not supported there", tensor.name,
                            dtype_info(tensor.type).name));
  }
  return {};
}

StoredWeight locate(const FoundSource& found, const Weight& weight) {
  const StoredTensor& tensor = *found.tensor;
  const WeightSource& source = *found.source;
  const bool is_stack = source.stack.count > 0;
  const int64_t place_bytes = is_stack ? tensor.bytes / source.stack.count : tensor.bytes;
  return {.tensor = &tensor,
          .rows = source.rows,
          .offset = tensor.offset + source.stack.index * place_bytes,
          .row_count = weight_rows(source, weight),
          .row_bytes = place_bytes / tensor_rows(source, weight),
          .is_transposed = source.is_transposed};
}

}  // namespace shoal
