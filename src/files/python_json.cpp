#include "files/python_json.h"

#include <algorithm>
#include <array>

#include "base/byte_order_mark.h"

namespace shoal {
namespace {

// The position just behind the closing quote of the string that begins at `at`.
size_t end_of_string(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

std::string_view word_at(std::string_view json, size_t at) {
  constexpr std::array<std::string_view, 3> words = {"NaN", "-Infinity", "Infinity"};
  for (const std::string_view word : words) {
    if (json.substr(at).starts_with(word)) return word;
  }
  return {};
}

}  // namespace

std::string plain_json(std::string_view python_json) {
  const std::string_view json = without_byte_order_mark(python_json);
  std::string plain;
  plain.reserve(json.size());
  for (size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      const size_t end = end_of_string(json, at);
      plain += json.substr(at, end - at);
      at = end;
    } else if (const std::string_view word = word_at(json, at); !word.empty()) {
      plain += '"';
      plain += word;
      plain += '"';
      at += word.size();
    } else {
      plain += json[at++];
    }
  }
  return plain;
}

}  // namespace shoal
