// MLX's matrices: X.weight of U32 with X.scales beside it, and X.biases where the format is affine. The width
// and the group follow from the shapes alone, because the configuration says how many columns there are;
// what it says of widths is often wrong, so nobody reads that.
#include <fmt/format.h>

#include "kernels/formats/mlx_affine.h"
#include "model/stored_rows.h"

namespace shoal {
namespace {

std::unexpected<Error> contradict(const FoundSource& found, const SourceShape& shape) {
  std::string tensors;
  for (const StoredTensor* tensor : found.tensors) {
    tensors += fmt::format("{}'{}' {} {}", tensors.empty() ? "" : ", ", tensor->name,
                           dtype_info(tensor->type).name, describe_shape(tensor->shape));
  }
  return fail(ErrorCode::corrupt_data,
              fmt::format("no format of MLX fits the tensors {}; the configuration says the shape {}",
                          tensors, describe_shape(shape.with_columns(shape.columns()))));
}

const StoredFormat* find_format(const SourceShape& shape, const StoredTensor& numbers,
                                const StoredTensor& scales, const StoredTensor* biases) {
  if (numbers.shape.empty() || scales.shape.empty() || biases == nullptr) return nullptr;
  const int64_t columns = shape.columns();
  const int64_t words = numbers.shape.back();
  const int64_t groups = scales.shape.back();
  if (words < 1 || words > columns || groups < 1 || words * 32 % columns != 0 || columns % groups != 0) {
    return nullptr;
  }
  if (numbers.type != DType::u32 || numbers.shape != shape.with_columns(words)) return nullptr;
  if (scales.shape != shape.with_columns(groups)) return nullptr;
  if (biases->shape != scales.shape || biases->type != scales.type) return nullptr;
  return find_mlx_affine(words * 32 / columns, columns / groups, scales.type);
}

}  // namespace

Result<StoredWeight> locate_mlx(const FoundSource& found, const Weight& weight) {
  const StoredTensor* const scales = found.find_beside(".scales");
  const StoredTensor* const biases = found.find_beside(".biases");
  const SourceShape shape(*found.source, weight);
  if (scales == nullptr) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("tensor '{}' has the type {} and no scales beside it", found.first().name,
                            dtype_info(found.first().type).name));
  }
  const StoredFormat* const format = find_format(shape, found.first(), *scales, biases);
  if (format == nullptr) return contradict(found, shape);
  return StoredWeight{.format = format,
                      .parts = {shape.place(found.first()), shape.place(*scales), shape.place(*biases)},
                      .rows = found.source->rows,
                      .row_count = shape.row_count(),
                      .is_transposed = found.source->is_transposed,
                      .columns = found.source->columns};
}

}  // namespace shoal
