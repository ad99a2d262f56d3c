// Strips the UTF-8 byte order mark that some systems' editors put in front of a text.
#pragma once

#include <string_view>

namespace shoal {

inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  return text;
}

}  // namespace shoal
