#include "files/gguf.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <limits>
#include <set>
#include <utility>

#include "files/foreign_file.h"
#include "files/gguf_cursor.h"
#include "files/gguf_tensor.h"
#include "files/gguf_value.h"

namespace shoal {
namespace {

constexpr uint64_t default_alignment = 32;
constexpr uint64_t max_alignment = 1 << 20;

struct Header {
  uint32_t version;
  uint64_t tensor_count;
  uint64_t metadata_count;
};

Result<Header> read_header(GgufCursor& cursor) {
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

Result<void> read_metadata(GgufCursor& cursor, uint64_t count, GgufFile& file) {
  for (uint64_t i = 0; i < count; ++i) {
    auto key = cursor.read_name("a metadata key");
    if (!key) return fail(key.error());
    const std::string what = fmt::format("the value of '{}'", *key);
    const auto type = cursor.read_type(what);
    if (!type) return fail(type.error());
    auto value = read_gguf_value(cursor, *type, what);
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

// Makes the tensors' offsets relative to the start of the file, and checks that all data lies in the file.
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
  if (const auto foreign = recognise_foreign_file(file)) {
    return fail(ErrorCode::corrupt_data, fmt::format("GGUF: the file {}", *foreign));
  }
  GgufCursor cursor(file);
  const auto header = read_header(cursor);
  if (!header) return fail(header.error());
  GgufFile result{.version = header->version, .metadata = {}, .tensors = {}};
  if (auto read = read_metadata(cursor, header->metadata_count, result); !read) return fail(read.error());

  std::set<std::string, std::less<>> names;
  for (uint64_t i = 0; i < header->tensor_count; ++i) {
    auto tensor = read_gguf_tensor(cursor);
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
