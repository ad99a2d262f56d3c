// What counts as white space in JSON.
#pragma once

#include <string_view>

namespace shoal {

inline bool is_white_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

inline std::string_view trim_white_space(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \n\r\t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \n\r\t") + 1 - begin);
}

}  // namespace shoal
