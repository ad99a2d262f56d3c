#include "files/gguf_cursor.h"

namespace shoal {

std::unexpected<Error> GgufCursor::fail_here(std::string_view what) const {
  return fail(ErrorCode::corrupt_data, fmt::format("GGUF, byte {}: {}", position_, what));
}

Result<std::string> GgufCursor::read_string(std::string_view what) {
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

Result<std::string> GgufCursor::read_name(std::string_view what) {
  constexpr int64_t max_name_bytes = 1 << 16;
  auto name = read_string(what);
  if (name && static_cast<int64_t>(name->size()) > max_name_bytes) {
    return fail_here(fmt::format("{} is {} bytes long, the limit is {}", what, name->size(), max_name_bytes));
  }
  return name;
}

Result<GgufType> GgufCursor::read_type(std::string_view what) {
  const auto type = read<uint32_t>(what);
  if (!type) return fail(type.error());
  if (*type >= gguf_type_count) return fail_here(fmt::format("{} has the unknown type {}", what, *type));
  return static_cast<GgufType>(*type);
}

}  // namespace shoal
