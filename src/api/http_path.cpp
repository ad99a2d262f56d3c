#include "api/http_path.h"

#include <algorithm>

#include "base/utf8.h"

namespace shoal {
namespace {

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "/path" of a target like "http://host/path", which a proxy may send.
std::string_view without_authority(std::string_view target) {
  const size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return target;
  const size_t path = target.find_first_of("/?#", scheme_end + 3);
  return path == std::string_view::npos || target[path] != '/' ? "/" : target.substr(path);
}

}  // namespace

std::optional<std::string> decode_path(std::string_view target) {
  if (!target.starts_with('/')) target = without_authority(target);
  if (target == "*") return std::string("*");
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find_first_of("?#"));
  std::string path;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      path += target[i];
      continue;
    }
    if (i + 2 >= target.size()) return std::nullopt;
    const int high = hexadecimal_digit(target[i + 1]);
    const int low = hexadecimal_digit(target[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    path += static_cast<char>(high * 16 + low);
    i += 2;
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(path, is_control) || !is_valid_utf8(path)) return std::nullopt;
  return path;
}

}  // namespace shoal
