#include "cli/json_files.h"

#include <fmt/format.h>

#include <limits>

#include "base/os.h"

namespace shoal {

Result<Value> read_json_file(const std::filesystem::path& path) {
  auto text = os::read_text_file(path);
  if (!text) return fail(text.error());
  auto value = parse_json(*text);
  if (!value) return fail(value.error(), path.string());
  return value;
}

Result<std::vector<TokenId>> read_token_file(const std::filesystem::path& path) {
  auto value = read_json_file(path);
  if (!value) return fail(value.error());
  const Value::Array* array = value->array();
  if (array == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: a JSON array of token ids is expected", path.string()));
  }
  std::vector<TokenId> tokens;
  tokens.reserve(array->size());
  for (const Value& element : *array) {
    const int64_t* id = element.integer();
    if (id == nullptr || *id < 0 || *id > std::numeric_limits<TokenId>::max()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{}: element {} is {}, which is no token id", path.string(), tokens.size(),
                              format_json(element)));
    }
    tokens.push_back(static_cast<TokenId>(*id));
  }
  return tokens;
}

}  // namespace shoal
