#include "files/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "files/foreign_file.h"

namespace shoal {
namespace {

using Json = nlohmann::json;

constexpr int64_t length_bytes = 8;
constexpr size_t max_dimensions = 8;

struct TypeName {
  std::string_view name;
  DType type;
};
constexpr std::array<TypeName, 13> type_names = {{
    {"F32", DType::f32},
    {"F16", DType::f16},
    {"BF16", DType::bf16},
    {"F64", DType::f64},
    {"I8", DType::i8},
    {"I16", DType::i16},
    {"I32", DType::i32},
    {"I64", DType::i64},
    {"U8", DType::u8},
    {"U16", DType::u16},
    {"U32", DType::u32},
    {"U64", DType::u64},
    {"BOOL", DType::boolean},
}};

std::unexpected<Error> fail_corrupt(std::string_view what) {
  return fail(ErrorCode::corrupt_data, fmt::format("safetensors: {}", what));
}

// nullopt when the text is not a JSON object or repeats a key at the top level.
std::optional<Json> parse_object(std::string_view text) {
  std::set<std::string> keys;
  bool repeated = false;
  const auto note_keys = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key)
      repeated |= !keys.insert(parsed.get<std::string>()).second;
    return true;
  };
  Json document = Json::parse(text, note_keys, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object() || repeated) return std::nullopt;
  return document;
}

std::optional<int64_t> as_size(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    return std::nullopt;
  const auto size = value.get<int64_t>();
  return size < 0 ? std::nullopt : std::optional(size);
}

std::optional<std::vector<int64_t>> as_sizes(const Json& value, size_t max_count) {
  if (!value.is_array() || value.size() > max_count) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const Json& item : value) {
    const auto size = as_size(item);
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

std::optional<int64_t> count_bytes(DType type, std::span<const int64_t> shape) {
  int64_t elements = 1;
  for (const int64_t dimension : shape) {
    if (__builtin_mul_overflow(elements, dimension, &elements)) return std::nullopt;
  }
  return bytes_of(type, elements);
}

Result<DType> parse_type(const std::string& name, const Json& entry) {
  const auto type = entry.find("dtype");
  if (type == entry.end() || !type->is_string()) {
    return fail_corrupt(fmt::format("tensor '{}' has no dtype", name));
  }
  const auto& text = type->get_ref<const std::string&>();
  for (const TypeName& known : type_names) {
    if (known.name == text) return known.type;
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("safetensors: tensor '{}' has the type {}, which is not supported", name, text));
}

// The data of all tensors occupies `data_bytes` bytes from `data_start` on.
Result<SafetensorsTensor> parse_tensor(const std::string& name, const Json& entry, int64_t data_start,
                                       int64_t data_bytes) {
  if (!entry.is_object()) return fail_corrupt(fmt::format("the entry of tensor '{}' is not an object", name));
  const auto type = parse_type(name, entry);
  if (!type) return fail(type.error());
  const auto shape_entry = entry.find("shape");
  auto shape = shape_entry == entry.end() ? std::nullopt : as_sizes(*shape_entry, max_dimensions);
  if (!shape) {
    return fail_corrupt(fmt::format("tensor '{}' has no shape of at most {} sizes", name, max_dimensions));
  }
  const auto offsets_entry = entry.find("data_offsets");
  const auto offsets = offsets_entry == entry.end() ? std::nullopt : as_sizes(*offsets_entry, 2);
  if (!offsets || offsets->size() != 2)
    return fail_corrupt(fmt::format("tensor '{}' has no data_offsets", name));
  const int64_t begin = (*offsets)[0];
  const int64_t end = (*offsets)[1];
  if (begin > end || end > data_bytes) {
    return fail_corrupt(
        fmt::format("tensor '{}' lies at [{}, {}) of {} bytes of data: the file is cut off or damaged", name,
                    begin, end, data_bytes));
  }
  const auto bytes = count_bytes(*type, *shape);
  if (!bytes || *bytes != end - begin) {
    return fail_corrupt(fmt::format("tensor '{}' of type {} and shape [{}] has {} bytes", name,
                                    dtype_info(*type).name, fmt::join(*shape, ", "), end - begin));
  }
  return SafetensorsTensor{.name = name,
                           .type = *type,
                           .shape = std::move(*shape),
                           .offset = data_start + begin,
                           .bytes = end - begin};
}

Result<std::map<std::string, std::string>> parse_metadata(const Json& entry) {
  if (!entry.is_object()) return fail_corrupt("__metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string())
      return fail_corrupt(fmt::format("the value of '{}' in __metadata__ is not a text", key));
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// The data must have neither holes nor overlaps: the format demands it, and two names cannot share bytes
// then.
Result<void> check_coverage(std::vector<SafetensorsTensor>& tensors, int64_t data_start, int64_t file_bytes) {
  std::ranges::sort(tensors, {}, [](const SafetensorsTensor& t) { return std::pair(t.offset, t.bytes); });
  int64_t position = data_start;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.offset != position) {
      return fail_corrupt(fmt::format("tensor '{}' begins at byte {}, the one before ends at {}", tensor.name,
                                      tensor.offset, position));
    }
    position += tensor.bytes;
  }
  if (position != file_bytes) {
    return fail_corrupt(fmt::format("the tensors end at byte {}, the file at {}", position, file_bytes));
  }
  return {};
}

Result<int64_t> header_length(std::span<const std::byte> file, int64_t file_bytes) {
  if (static_cast<int64_t>(file.size()) < length_bytes) {
    return fail_corrupt(fmt::format("the file has {} bytes, too few for a header", file.size()));
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > static_cast<uint64_t>(safetensors_header_limit)) {
    return fail_corrupt(fmt::format("the header says it is {} bytes long, the limit is {}", length,
                                    safetensors_header_limit));
  }
  const auto bytes = static_cast<int64_t>(length);
  if (bytes > file_bytes - length_bytes || bytes > static_cast<int64_t>(file.size()) - length_bytes) {
    return fail_corrupt(
        fmt::format("the header says it is {} bytes long, the file has {}", bytes, file_bytes));
  }
  return bytes;
}

bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

}  // namespace

const SafetensorsTensor* SafetensorsFile::find_tensor(std::string_view name) const {
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

Result<SafetensorsFile> parse_safetensors(std::span<const std::byte> file, int64_t file_bytes) {
  if (const auto foreign = recognise_foreign_file(file))
    return fail_corrupt(fmt::format("the file {}", *foreign));
  const auto header_bytes = header_length(file, file_bytes);
  if (!header_bytes) return fail(header_bytes.error());
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + length_bytes,
                              static_cast<size_t>(*header_bytes));
  const auto header = parse_object(text);
  if (!header) return fail_corrupt("the header is not a JSON object with distinct names");

  const int64_t data_start = length_bytes + *header_bytes;
  SafetensorsFile result;
  for (const auto& [name, entry] : header->items()) {
    if (name == "__metadata__") {
      auto metadata = parse_metadata(entry);
      if (!metadata) return fail(metadata.error());
      result.metadata = std::move(*metadata);
      continue;
    }
    auto tensor = parse_tensor(name, entry, data_start, file_bytes - data_start);
    if (!tensor) return fail(tensor.error());
    result.tensors.push_back(std::move(*tensor));
  }
  if (auto checked = check_coverage(result.tensors, data_start, file_bytes); !checked)
    return fail(checked.error());
  return result;
}

Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) return fail_corrupt("the index is not a JSON object");
  const auto map = document->find("weight_map");
  if (map == document->end() || !map->is_object())
    return fail_corrupt("the index has no object 'weight_map'");
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || !is_plain_file_name(file.get_ref<const std::string&>())) {
      return fail_corrupt(
          fmt::format("the index places tensor '{}' in {}, which is not a plain file name", tensor,
                      file.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace)));
    }
    files.emplace(tensor, file.get<std::string>());
  }
  return files;
}

Result<std::string> format_safetensors(std::span<const TensorToWrite> tensors) {
  Json header = Json::object();
  int64_t position = 0;
  for (const TensorToWrite& tensor : tensors) {
    const auto bytes = count_bytes(tensor.type, tensor.shape);
    if (!bytes || *bytes != static_cast<int64_t>(tensor.data.size())) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("safetensors: tensor '{}' of type {} and shape [{}] cannot have {} bytes", tensor.name,
                      dtype_info(tensor.type).name, fmt::join(tensor.shape, ", "), tensor.data.size()));
    }
    if (tensor.name == "__metadata__" || header.contains(tensor.name)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("safetensors: the name '{}' is taken", tensor.name));
    }
    const auto* type = std::ranges::find(type_names, tensor.type, &TypeName::type);
    if (type == type_names.end()) {
      return fail(ErrorCode::invalid_argument, fmt::format("safetensors has no type for '{}' of type {}",
                                                           tensor.name, dtype_info(tensor.type).name));
    }
    header[tensor.name] = {
        {"dtype", type->name}, {"shape", tensor.shape}, {"data_offsets", {position, position + *bytes}}};
    position += *bytes;
  }
  std::string text = header.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data is aligned

  const uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file.reserve(file.size() + text.size() + static_cast<size_t>(position));
  file += text;
  for (const TensorToWrite& tensor : tensors) {
    file.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  }
  return file;
}

}  // namespace shoal
