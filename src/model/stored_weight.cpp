#include "model/stored_weight.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/stored_rows.h"

namespace shoal {
namespace {

constexpr std::string_view matrix_end = ".weight";
// What stands for it in the names of tensors beside a matrix.
constexpr std::array<std::string_view, 2> ends_beside = {".scales", ".biases"};

void add_beside(const StoredTensors& tensors, std::string_view name, FoundSource& found) {
  if (!name.ends_with(matrix_end)) return;
  const std::string_view module = name.substr(0, name.size() - matrix_end.size());
  for (const std::string_view end : ends_beside) {
    const auto tensor = tensors.find(fmt::format("{}{}", module, end));
    if (tensor != tensors.end()) found.tensors.push_back(&tensor->second);
  }
}

bool is_vector_type(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

// Dimensions of one do not tell shapes apart: some files have a row as a matrix, others as a vector.
std::vector<int64_t> without_ones(std::vector<int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

// A weight that is one tensor.
Result<StoredWeight> locate_alone(const FoundSource& found, const Weight& weight) {
  const StoredTensor& tensor = found.first();
  const SourceShape shape(*found.source, weight);
  const std::vector<int64_t> expected = shape.with_columns(shape.columns());
  if (without_ones(tensor.shape) != without_ones(expected)) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("tensor '{}' has the shape {}, the configuration says {}", tensor.name,
                            describe_shape(tensor.shape), describe_shape(expected)));
  }
  const StoredFormat* const format = find_stored_format(tensor.type);
  if (format == nullptr || (!weight.is_matrix() && !is_vector_type(tensor.type))) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("tensor '{}' has the type {}, which is not supported there", tensor.name,
                            dtype_info(tensor.type).name));
  }
  return StoredWeight{.format = format,
                      .parts = {shape.place(tensor)},
                      .rows = found.source->rows,
                      .row_count = shape.row_count(),
                      .is_transposed = found.source->is_transposed,
                      .columns = found.source->columns};
}

}  // namespace

const StoredTensor* FoundSource::find_beside(std::string_view end) const {
  const auto found = std::find_if(tensors.begin() + 1, tensors.end(),
                                  [&](const StoredTensor* tensor) { return tensor->name.ends_with(end); });
  return found == tensors.end() ? nullptr : *found;
}

std::optional<FoundSource> find_source(const StoredTensors& tensors, Dialect dialect, std::string_view prefix,
                                       const Weight& weight) {
  for (const WeightSource& source : weight.sources) {
    if (source.name(dialect).empty()) continue;
    const auto tensor = tensors.find(fmt::format("{}{}", prefix, source.name(dialect)));
    if (tensor == tensors.end()) continue;
    FoundSource found{.source = &source, .tensors = {&tensor->second}};
    if (weight.is_matrix()) add_beside(tensors, tensor->first, found);
    return found;
  }
  return std::nullopt;
}

int64_t StoredWeight::row_bytes() const {
  int64_t bytes = 0;
  for (const StoredPart& part : parts) bytes += part.row_bytes;
  return bytes;
}

Result<StoredWeight> locate(const FoundSource& found, const Weight& weight) {
  const bool is_mlx = weight.is_matrix() && (found.first().type == DType::u32 || found.tensors.size() > 1);
  return is_mlx ? locate_mlx(found, weight) : locate_alone(found, weight);
}

}  // namespace shoal
