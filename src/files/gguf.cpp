#include "files/gguf.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

namespace shoal {
namespace {

constexpr int max_array_nesting = 4;
constexpr uint32_t max_dimensions = 4;
constexpr uint64_t default_alignment = 32;
constexpr uint64_t max_alignment = 1 << 20;
constexpr int64_t max_name_bytes = 1 << 16;

enum class GgufType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };
constexpr uint32_t gguf_type_count = 13;

constexpr std::array<std::string_view, gguf_type_count> gguf_type_names = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

// The fewest bytes that one value of a type takes in the file: what bounds an array's count.
constexpr std::array<int64_t, gguf_type_count> least_bytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

// Reads little-endian values one after another and never beyond the end.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int64_t position() const { return position_; }
  int64_t remaining() const { return static_cast<int64_t>(bytes_.size()) - position_; }

  std::unexpected<Error> fail_here(std::string_view what) const {
    return fail(ErrorCode::corrupt_data, fmt::format("GGUF, byte {}: {}", position_, what));
  }

  template <class T>
  Result<T> read(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    if (remaining() < static_cast<int64_t>(sizeof(T))) {
      return fail_here(fmt::format("the file ends inside {}", what));
    }
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += static_cast<int64_t>(sizeof(T));
    return value;
  }

  Result<std::string> read_string(std::string_view what) {
    const auto length = read<uint64_t>(what);
    if (!length) return fail(length.error());
    if (*length > static_cast<uint64_t>(remaining())) {
      return fail_here(
          fmt::format("{} says it is {} bytes long, only {} are left", what, *length, remaining()));
    }
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + position_, *length);
    position_ += static_cast<int64_t>(*length);
    return text;
  }

  Result<std::string> read_name(std::string_view what) {
    auto name = read_string(what);
    if (name && static_cast<int64_t>(name->size()) > max_name_bytes) {
      return fail_here(
          fmt::format("{} is {} bytes long, the limit is {}", what, name->size(), max_name_bytes));
    }
    return name;
  }

  Result<GgufType> read_type(std::string_view what) {
    const auto type = read<uint32_t>(what);
    if (!type) return fail(type.error());
    if (*type >= gguf_type_count) return fail_here(fmt::format("{} has the unknown type {}", what, *type));
    return static_cast<GgufType>(*type);
  }

 private:
  std::span<const std::byte> bytes_;
  int64_t position_ = 0;
};

template <class Stored, class Wide>
Result<Wide> read_widened(Cursor& cursor, std::string_view what) {
  const auto value = cursor.read<Stored>(what);
  if (!value) return fail(value.error());
  return static_cast<Wide>(*value);
}

template <class Stored, class Wide>
Result<GgufValue> read_numbers(Cursor& cursor, uint64_t count, std::string_view what) {
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

Result<GgufValue> read_strings(Cursor& cursor, uint64_t count, std::string_view what) {
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    auto value = cursor.read_string(what);
    if (!value) return fail(value.error());
    values.push_back(std::move(*value));
  }
  return GgufValue{std::move(values)};
}

Result<GgufValue> read_array(Cursor& cursor, std::string_view what, int nesting);

Result<GgufValue> read_arrays(Cursor& cursor, uint64_t count, std::string_view what, int nesting) {
  GgufArray values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    auto value = read_array(cursor, what, nesting + 1);
    if (!value) return fail(value.error());
    values.push_back(std::move(*value));
  }
  return GgufValue{std::move(values)};
}

Result<GgufValue> read_array(Cursor& cursor, std::string_view what, int nesting) {
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

Result<GgufValue> read_value(Cursor& cursor, GgufType type, std::string_view what) {
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

// ggml's numbers of tensor types. The second table only serves to name what is not supported.
struct GgmlType {
  uint32_t number;
  DType type;
};
constexpr std::array<GgmlType, 16> ggml_types = {{
    {0, DType::f32},
    {1, DType::f16},
    {2, DType::q4_0},
    {3, DType::q4_1},
    {6, DType::q5_0},
    {7, DType::q5_1},
    {8, DType::q8_0},
    {12, DType::q4_k},
    {13, DType::q5_k},
    {14, DType::q6_k},
    {24, DType::i8},
    {25, DType::i16},
    {26, DType::i32},
    {27, DType::i64},
    {28, DType::f64},
    {30, DType::bf16},
}};

struct UnsupportedGgmlType {
  uint32_t number;
  std::string_view name;
};
constexpr std::array<UnsupportedGgmlType, 17> unsupported_ggml_types = {{
    {9, "Q8_1"},
    {10, "Q2_K"},
    {11, "Q3_K"},
    {15, "Q8_K"},
    {16, "IQ2_XXS"},
    {17, "IQ2_XS"},
    {18, "IQ3_XXS"},
    {19, "IQ1_S"},
    {20, "IQ4_NL"},
    {21, "IQ3_S"},
    {22, "IQ2_S"},
    {23, "IQ4_XS"},
    {29, "IQ1_M"},
    {34, "TQ1_0"},
    {35, "TQ2_0"},
    {39, "MXFP4"},
    {40, "NVFP4"},
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

Result<std::vector<int64_t>> read_shape(Cursor& cursor, std::string_view what) {
  const auto dimension_count = cursor.read<uint32_t>(what);
  if (!dimension_count) return fail(dimension_count.error());
  if (*dimension_count > max_dimensions) {
    return cursor.fail_here(
        fmt::format("{} has {} dimensions, at most {} are legal", what, *dimension_count, max_dimensions));
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
  // Rows are whole blocks, not only the tensor as a whole.
  if (!shape.empty() && shape.back() % dtype_info(type).block_elements != 0) return std::nullopt;
  return bytes_of(type, elements);
}

// `offset` of the result is still relative to the data's start.
Result<GgufTensor> read_tensor(Cursor& cursor) {
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

struct Header {
  uint32_t version;
  uint64_t tensor_count;
  uint64_t metadata_count;
};

Result<Header> read_header(Cursor& cursor) {
  const auto magic = cursor.read<std::array<char, 4>>("the magic number");
  if (!magic) return fail(magic.error());
  if (std::string_view(magic->data(), magic->size()) != "GGUF") {
    return fail(ErrorCode::corrupt_data, "GGUF: the file does not begin with the letters GGUF");
  }
  const auto version = cursor.read<uint32_t>("the version");
  if (!version) return fail(version.error());
  if (*version != 0 && (*version & 0xffff) == 0) {
    return fail(ErrorCode::invalid_argument, "GGUF: this is a big-endian file, which is not supported");
  }
  if (*version != 2 && *version != 3) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("GGUF: version {} is not supported, 2 and 3 are", *version));
  }
  const auto tensor_count = cursor.read<uint64_t>("the count of tensors");
  if (!tensor_count) return fail(tensor_count.error());
  const auto metadata_count = cursor.read<uint64_t>("the count of metadata");
  if (!metadata_count) return fail(metadata_count.error());
  constexpr int64_t least_tensor = 8 + 4 + 4 + 8;
  constexpr int64_t least_metadata = 8 + 4 + 1;
  if (*tensor_count > static_cast<uint64_t>(cursor.remaining() / least_tensor)) {
    return cursor.fail_here(fmt::format("{} tensors do not fit into the {} bytes that are left",
                                        *tensor_count, cursor.remaining()));
  }
  if (*metadata_count > static_cast<uint64_t>(cursor.remaining() / least_metadata)) {
    return cursor.fail_here(fmt::format("{} metadata entries do not fit into the {} bytes that are left",
                                        *metadata_count, cursor.remaining()));
  }
  return Header{.version = *version, .tensor_count = *tensor_count, .metadata_count = *metadata_count};
}

Result<void> read_metadata(Cursor& cursor, uint64_t count, GgufFile& file) {
  for (uint64_t i = 0; i < count; ++i) {
    auto key = cursor.read_name("a metadata key");
    if (!key) return fail(key.error());
    const std::string what = fmt::format("the value of '{}'", *key);
    const auto type = cursor.read_type(what);
    if (!type) return fail(type.error());
    auto value = read_value(cursor, *type, what);
    if (!value) return fail(value.error());
    if (!file.metadata.emplace(*key, std::move(*value)).second) {
      return cursor.fail_here(fmt::format("the metadata key '{}' stands there twice", *key));
    }
  }
  return {};
}

Result<uint64_t> find_alignment(const GgufFile& file) {
  if (!file.metadata.contains("general.alignment")) return default_alignment;
  const auto alignment = file.integer("general.alignment");
  if (!alignment) return fail(alignment.error());
  const auto value = static_cast<uint64_t>(*alignment);
  if (*alignment <= 0 || value > max_alignment || !std::has_single_bit(value)) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("GGUF: general.alignment is {}, it has to be a power of two up to {}", *alignment,
                            max_alignment));
  }
  return value;
}

// Turns offsets from the data's start into offsets from the file's start, and checks that all data lies in
// the file.
Result<void> place_tensors(GgufFile& file, int64_t header_end, int64_t file_bytes) {
  const auto alignment = find_alignment(file);
  if (!alignment) return fail(alignment.error());
  const auto unit = static_cast<int64_t>(*alignment);
  const int64_t data_start = (header_end + unit - 1) / unit * unit;
  for (GgufTensor& tensor : file.tensors) {
    if (tensor.offset % unit != 0) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("GGUF: tensor '{}' begins at {}, not at a multiple of {}", tensor.name,
                              tensor.offset, unit));
    }
    int64_t end = 0;
    if (__builtin_add_overflow(tensor.offset, data_start, &tensor.offset) ||
        __builtin_add_overflow(tensor.offset, tensor.bytes, &end) || end > file_bytes) {
      return fail(
          ErrorCode::corrupt_data,
          fmt::format("GGUF: tensor '{}' has {} bytes from byte {} on, the file has only {} bytes: it is cut "
                      "off or damaged",
                      tensor.name, tensor.bytes, tensor.offset, file_bytes));
    }
  }
  return {};
}

template <class T>
const T* find_alternative(const GgufFile& file, std::string_view key) {
  const auto entry = file.metadata.find(key);
  return entry == file.metadata.end() ? nullptr : std::get_if<T>(&entry->second.value);
}

std::unexpected<Error> fail_key(const GgufFile& file, std::string_view key, std::string_view kind) {
  if (!file.metadata.contains(key)) {
    return fail(ErrorCode::corrupt_data, fmt::format("GGUF: the key '{}' is missing", key));
  }
  return fail(ErrorCode::corrupt_data, fmt::format("GGUF: the value of '{}' is not {}", key, kind));
}

}  // namespace

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  for (const GgufTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

std::optional<std::string> GgufFile::find_text(std::string_view key) const {
  const auto* text_value = find_alternative<std::string>(*this, key);
  return text_value == nullptr ? std::nullopt : std::optional(*text_value);
}

std::optional<int64_t> GgufFile::find_integer(std::string_view key) const {
  if (const auto* value = find_alternative<int64_t>(*this, key)) return *value;
  const auto* value = find_alternative<uint64_t>(*this, key);
  if (value == nullptr || *value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<double> GgufFile::find_number(std::string_view key) const {
  if (const auto* value = find_alternative<double>(*this, key)) return *value;
  constexpr int64_t exact = int64_t{1} << 53;
  const auto value = find_integer(key);
  if (!value || *value > exact || *value < -exact) return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<bool> GgufFile::find_boolean(std::string_view key) const {
  const auto* value = find_alternative<bool>(*this, key);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const std::vector<std::string>* GgufFile::find_texts(std::string_view key) const {
  return find_alternative<std::vector<std::string>>(*this, key);
}

const std::vector<int64_t>* GgufFile::find_integers(std::string_view key) const {
  return find_alternative<std::vector<int64_t>>(*this, key);
}

const std::vector<double>* GgufFile::find_numbers(std::string_view key) const {
  return find_alternative<std::vector<double>>(*this, key);
}

Result<std::string> GgufFile::text(std::string_view key) const {
  auto value = find_text(key);
  if (!value) return fail_key(*this, key, "a text");
  return std::move(*value);
}

Result<int64_t> GgufFile::integer(std::string_view key) const {
  const auto value = find_integer(key);
  if (!value) return fail_key(*this, key, "an integer of 63 bits");
  return *value;
}

Result<double> GgufFile::number(std::string_view key) const {
  const auto value = find_number(key);
  if (!value) return fail_key(*this, key, "a number");
  return *value;
}

Result<GgufFile> parse_gguf(std::span<const std::byte> file) {
  Cursor cursor(file);
  const auto header = read_header(cursor);
  if (!header) return fail(header.error());
  GgufFile result{.version = header->version, .metadata = {}, .tensors = {}};
  if (auto read = read_metadata(cursor, header->metadata_count, result); !read) return fail(read.error());

  std::set<std::string, std::less<>> names;
  for (uint64_t i = 0; i < header->tensor_count; ++i) {
    auto tensor = read_tensor(cursor);
    if (!tensor) return fail(tensor.error());
    if (!names.insert(tensor->name).second) {
      return cursor.fail_here(fmt::format("the tensor '{}' stands there twice", tensor->name));
    }
    result.tensors.push_back(std::move(*tensor));
  }
  const auto placed = place_tensors(result, cursor.position(), static_cast<int64_t>(file.size()));
  if (!placed) return fail(placed.error());
  return result;
}

}  // namespace shoal
