#include "net/wire_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace shoal {
namespace {

constexpr size_t id_limit = 256;
constexpr size_t name_limit = 1024;
constexpr int64_t size_limit = int64_t{1} << 60;

bool is_printable(std::string_view value) {
  return std::ranges::all_of(value,
                             [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// The length of the UTF-8 character that `text` begins with, 0 if there is none: no overlong forms, no
// surrogates.
size_t character_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !continues(1)) return 0;
  if (first < 0xe0) return 2;
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || !continues(2)) return 0;
  if (first < 0xf0) return 3;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90) || !continues(3)) return 0;
  return 4;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_id(std::string_view value) {
  return !value.empty() && value.size() <= id_limit && is_printable(value) && is_utf8(value) &&
         value.find_first_of("/\\") == std::string_view::npos && value != "." && value != "..";
}

bool is_name(std::string_view value) {
  if (value.size() > name_limit) return false;
  for (bool more = true; more;) {
    const size_t slash = value.find('/');
    if (!is_id(value.substr(0, slash))) return false;
    more = slash != std::string_view::npos;
    if (more) value.remove_prefix(slash + 1);
  }
  return true;
}

// Bytes from outside, so that they harm no terminal.
std::string quoted(std::string_view value) {
  std::string result;
  for (const char c : value.substr(0, 80)) {
    result +=
        is_printable({&c, 1}) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return fmt::format("\"{}\"{}", result, value.size() > 80 ? "…" : "");
}

}  // namespace

std::string WireChecks::id(const std::string& value, std::string_view field) {
  if (!is_id(value)) refuse(fmt::format("{}: {} is no id", field, quoted(value)));
  return value;
}

std::string WireChecks::optional_id(const std::string& value, std::string_view field) {
  return value.empty() ? value : id(value, field);
}

std::string WireChecks::name(const std::string& value, std::string_view field) {
  if (!is_name(value)) refuse(fmt::format("{}: {} is no model name", field, quoted(value)));
  return value;
}

std::string WireChecks::text(const std::string& value, int64_t limit, std::string_view field) {
  within(static_cast<int64_t>(value.size()), 0, limit, field);
  return value;
}

int64_t WireChecks::within(int64_t value, int64_t low, int64_t high, std::string_view field) {
  if (value < low || value > high)
    refuse(fmt::format("{}: {} is not within {} and {}", field, value, low, high));
  return value;
}

int64_t WireChecks::size(int64_t value, std::string_view field) {
  return within(value, 0, size_limit, field);
}

double WireChecks::number(double value, std::string_view field) {
  if (!std::isfinite(value)) refuse(fmt::format("{}: {} is no finite number", field, value));
  return value;
}

void WireChecks::require(bool holds, std::string_view what) {
  if (!holds) refuse(std::string(what));
}

void WireChecks::refuse(std::string message) {
  if (!error_) error_ = Error{ErrorCode::corrupt_data, std::move(message)};
}

}  // namespace shoal
