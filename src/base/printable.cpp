#include "base/printable.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace shoal {
namespace {

bool is_control(char32_t character) {
  return (character < 0x20 && character != '\n' && character != '\t') ||
         (character >= 0x7f && character < 0xa0);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text, 0);
    const std::string_view bytes = text.substr(0, static_cast<size_t>(point.length));
    if (point.valid && !is_control(point.value)) {
      shown += bytes;
    } else {
      for (const char c : bytes) shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(bytes.size());
  }
  return shown;
}

}  // namespace shoal
