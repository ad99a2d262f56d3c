#include "files/foreign_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/letter_case.h"

namespace shoal {
namespace {

// The number in the line "size N" of a Git LFS pointer; empty when there is none.
std::string_view pointer_size(std::string_view text) {
  const size_t line = text.find("\nsize ");
  if (line == std::string_view::npos) return {};
  const std::string_view rest = text.substr(line + 6);
  return rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
}

bool begins_with_tag(std::string_view text, std::string_view tag) {
  return to_lower_ascii(text.substr(0, tag.size())) == tag;
}

}  // namespace

std::optional<std::string> recognise_foreign_file(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()),
                              std::min<size_t>(start.size(), 4096));
  if (text.empty()) return "is empty: it was never downloaded";
  if (text.starts_with("version https://git-lfs")) {
    const std::string_view size = pointer_size(text);
    return fmt::format("is a Git LFS pointer, not the {}file itself; `git lfs pull` fetches it",
                       size.empty() ? std::string() : fmt::format("{} bytes of the ", size));
  }
  const std::string_view words = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (begins_with_tag(words, "<!doctype html") || begins_with_tag(words, "<html")) {
    return "is a web page that was saved under this name; download the file itself";
  }
  if (text.size() >= 64 && text.find_first_not_of('\0') == std::string_view::npos) {
    return "begins with zeros: its download has not ended";
  }
  return std::nullopt;
}

}  // namespace shoal
