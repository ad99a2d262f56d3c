#include "files/gguf_tensor.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace shoal {
namespace {

constexpr uint32_t max_gguf_dimensions = 4;

// ggml's numbers for tensor types. The second table only gives names for errors: ggml makes those types of
// activations and has no way to read them in files.
struct GgmlType {
  uint32_t number;
  DType type;
};
constexpr std::array<GgmlType, 33> ggml_types = {{
    {0, DType::f32},    {1, DType::f16},     {2, DType::q4_0},     {3, DType::q4_1},    {6, DType::q5_0},
    {7, DType::q5_1},   {8, DType::q8_0},    {10, DType::q2_k},    {11, DType::q3_k},   {12, DType::q4_k},
    {13, DType::q5_k},  {14, DType::q6_k},   {16, DType::iq2_xxs}, {17, DType::iq2_xs}, {18, DType::iq3_xxs},
    {19, DType::iq1_s}, {20, DType::iq4_nl}, {21, DType::iq3_s},   {22, DType::iq2_s},  {23, DType::iq4_xs},
    {24, DType::i8},    {25, DType::i16},    {26, DType::i32},     {27, DType::i64},    {28, DType::f64},
    {29, DType::iq1_m}, {30, DType::bf16},   {34, DType::tq1_0},   {35, DType::tq2_0},  {39, DType::mxfp4},
    {40, DType::nvfp4}, {41, DType::q1_0},   {42, DType::q2_0},
}};

struct UnsupportedGgmlType {
  uint32_t number;
  std::string_view name;
};
constexpr std::array<UnsupportedGgmlType, 2> unsupported_ggml_types = {{
    {9, "Q8_1"},
    {15, "Q8_K"},
}};

Result<DType> tensor_type(uint32_t number, std::string_view name) {
  for (const GgmlType& entry : ggml_types) {
    if (entry.number == number) return entry.type;
  }
  std::string_view type_name = "of an unknown kind";
  for (const UnsupportedGgmlType& entry : unsupported_ggml_types) {
    if (entry.number == number) type_name = entry.name;
  }
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("GGUF: tensor '{}' has the type {} ({}), which is not supported", name, number, type_name));
}

Result<std::vector<int64_t>> read_shape(GgufCursor& cursor, std::string_view what) {
  const auto dimension_count = cursor.read<uint32_t>(what);
  if (!dimension_count) return fail(dimension_count.error());
  if (*dimension_count > max_gguf_dimensions) {
    return cursor.fail_here(fmt::format("{} has {} dimensions, at most {} are legal", what, *dimension_count,
                                        max_gguf_dimensions));
  }
  std::vector<int64_t> shape(*dimension_count);
  for (size_t i = shape.size(); i-- > 0;) {  // the file has the innermost dimension first
    const auto dimension = cursor.read<uint64_t>(what);
    if (!dimension) return fail(dimension.error());
    if (*dimension == 0 || *dimension > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return cursor.fail_here(fmt::format("{} has a dimension of {}", what, *dimension));
    }
    shape[i] = static_cast<int64_t>(*dimension);
  }
  return shape;
}

std::optional<int64_t> tensor_bytes(DType type, const std::vector<int64_t>& shape) {
  int64_t elements = 1;
  for (const int64_t dimension : shape) {
    if (__builtin_mul_overflow(elements, dimension, &elements)) return std::nullopt;
  }
  // Each row must consist of whole blocks, not only the tensor as a whole.
  if (!shape.empty() && shape.back() % dtype_info(type).block_elements != 0) return std::nullopt;
  return bytes_of(type, elements);
}

}  // namespace

Result<GgufTensor> read_gguf_tensor(GgufCursor& cursor) {
  auto name = cursor.read_name("a tensor's name");
  if (!name) return fail(name.error());
  const std::string what = fmt::format("tensor '{}'", *name);
  auto shape = read_shape(cursor, what);
  if (!shape) return fail(shape.error());
  const auto number = cursor.read<uint32_t>(what);
  if (!number) return fail(number.error());
  const auto type = tensor_type(*number, *name);
  if (!type) return fail(type.error());
  const auto bytes = tensor_bytes(*type, *shape);
  if (!bytes) {
    return cursor.fail_here(fmt::format("{}: the shape [{}] is not whole {} blocks or too large", what,
                                        fmt::join(*shape, ", "), dtype_info(*type).name));
  }
  const auto offset = cursor.read<uint64_t>(what);
  if (!offset) return fail(offset.error());
  if (*offset > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return cursor.fail_here(fmt::format("{} has the offset {}", what, *offset));
  }
  return GgufTensor{.name = std::move(*name),
                    .type = *type,
                    .shape = std::move(*shape),
                    .offset = static_cast<int64_t>(*offset),
                    .bytes = *bytes};
}

}  // namespace shoal
