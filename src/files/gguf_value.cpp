#include "files/gguf_value.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

namespace shoal {
namespace {

constexpr int max_array_nesting = 4;

constexpr std::array<std::string_view, gguf_type_count> gguf_type_names = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

// The fewest bytes that a value of each type takes in the file; they bound an array's count.
constexpr std::array<int64_t, gguf_type_count> least_bytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

template <class Stored, class Wide>
Result<Wide> read_widened(GgufCursor& cursor, std::string_view what) {
  const auto value = cursor.read<Stored>(what);
  if (!value) return fail(value.error());
  return static_cast<Wide>(*value);
}

template <class Stored, class Wide>
Result<GgufValue> read_numbers(GgufCursor& cursor, uint64_t count, std::string_view what) {
  std::vector<Wide> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const auto value = cursor.read<Stored>(what);
    if (!value) return fail(value.error());
    if constexpr (std::is_same_v<Stored, uint64_t>) {
      if (*value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return cursor.fail_here(fmt::format("{}: {} does not fit into 63 bits", what, *value));
      }
    }
    values.push_back(static_cast<Wide>(*value));
  }
  return GgufValue{std::move(values)};
}

Result<GgufValue> read_strings(GgufCursor& cursor, uint64_t count, std::string_view what) {
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    auto value = cursor.read_string(what);
    if (!value) return fail(value.error());
    values.push_back(std::move(*value));
  }
  return GgufValue{std::move(values)};
}

Result<GgufValue> read_array(GgufCursor& cursor, std::string_view what, int nesting);

Result<GgufValue> read_arrays(GgufCursor& cursor, uint64_t count, std::string_view what, int nesting) {
  GgufArray values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    auto value = read_array(cursor, what, nesting + 1);
    if (!value) return fail(value.error());
    values.push_back(std::move(*value));
  }
  return GgufValue{std::move(values)};
}

Result<GgufValue> read_array(GgufCursor& cursor, std::string_view what, int nesting) {
  if (nesting > max_array_nesting) {
    return cursor.fail_here(fmt::format("{} is an array nested more than {} deep", what, max_array_nesting));
  }
  const auto type = cursor.read_type(what);
  if (!type) return fail(type.error());
  const auto count = cursor.read<uint64_t>(what);
  if (!count) return fail(count.error());
  const int64_t least = least_bytes[static_cast<size_t>(*type)];
  if (*count > static_cast<uint64_t>(cursor.remaining() / least)) {
    return cursor.fail_here(fmt::format("{} says it has {} elements of type {}, only {} bytes are left", what,
                                        *count, gguf_type_names[static_cast<size_t>(*type)],
                                        cursor.remaining()));
  }
  switch (*type) {
    case GgufType::u8: return read_numbers<uint8_t, int64_t>(cursor, *count, what);
    case GgufType::i8: return read_numbers<int8_t, int64_t>(cursor, *count, what);
    case GgufType::u16: return read_numbers<uint16_t, int64_t>(cursor, *count, what);
    case GgufType::i16: return read_numbers<int16_t, int64_t>(cursor, *count, what);
    case GgufType::u32: return read_numbers<uint32_t, int64_t>(cursor, *count, what);
    case GgufType::i32: return read_numbers<int32_t, int64_t>(cursor, *count, what);
    case GgufType::boolean: return read_numbers<uint8_t, int64_t>(cursor, *count, what);
    case GgufType::u64: return read_numbers<uint64_t, int64_t>(cursor, *count, what);
    case GgufType::i64: return read_numbers<int64_t, int64_t>(cursor, *count, what);
    case GgufType::f32: return read_numbers<float, double>(cursor, *count, what);
    case GgufType::f64: return read_numbers<double, double>(cursor, *count, what);
    case GgufType::string: return read_strings(cursor, *count, what);
    case GgufType::array: return read_arrays(cursor, *count, what, nesting);
  }
  std::unreachable();
}

template <class T>
Result<GgufValue> as_value(Result<T> value) {
  if (!value) return fail(std::move(value).error());
  return GgufValue{std::move(*value)};
}

}  // namespace

Result<GgufValue> read_gguf_value(GgufCursor& cursor, GgufType type, std::string_view what) {
  switch (type) {
    case GgufType::u8: return as_value(read_widened<uint8_t, uint64_t>(cursor, what));
    case GgufType::u16: return as_value(read_widened<uint16_t, uint64_t>(cursor, what));
    case GgufType::u32: return as_value(read_widened<uint32_t, uint64_t>(cursor, what));
    case GgufType::u64: return as_value(cursor.read<uint64_t>(what));
    case GgufType::i8: return as_value(read_widened<int8_t, int64_t>(cursor, what));
    case GgufType::i16: return as_value(read_widened<int16_t, int64_t>(cursor, what));
    case GgufType::i32: return as_value(read_widened<int32_t, int64_t>(cursor, what));
    case GgufType::i64: return as_value(cursor.read<int64_t>(what));
    case GgufType::f32: return as_value(read_widened<float, double>(cursor, what));
    case GgufType::f64: return as_value(cursor.read<double>(what));
    case GgufType::string: return as_value(cursor.read_string(what));
    case GgufType::array: return read_array(cursor, what, 1);
    case GgufType::boolean: {
      const auto byte = cursor.read<uint8_t>(what);
      if (!byte) return fail(byte.error());
      return GgufValue{*byte != 0};
    }
  }
  std::unreachable();
}

}  // namespace shoal
