#include "net/wire_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace shoal {
namespace {

constexpr size_t id_limit = 256;
constexpr size_t name_limit = 1024;
constexpr int64_t size_limit = int64_t{1} << 60;

bool is_printable(std::string_view value) {
  return std::ranges::all_of(value,
                             [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool is_id(std::string_view value) {
  return !value.empty() && value.size() <= id_limit && is_printable(value) && is_valid_utf8(value) &&
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

// The first 80 bytes in quotes, with control characters escaped so that they harm no terminal.
std::string in_quotes(std::string_view value) {
  std::string result;
  for (const char c : value.substr(0, 80)) {
    result +=
        is_printable({&c, 1}) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return fmt::format("\"{}\"{}", result, value.size() > 80 ? "…" : "");
}

}  // namespace

Result<void> check_node_id(std::string_view id) {
  if (is_id(id)) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("--node-id {}: from 1 to {} bytes of printable UTF-8 without / and \\ are expected",
                          in_quotes(id), id_limit));
}

std::string WireChecks::id(const std::string& value, std::string_view field) {
  if (!is_id(value)) refuse(fmt::format("{}: {} is no id", field, in_quotes(value)));
  return value;
}

std::string WireChecks::optional_id(const std::string& value, std::string_view field) {
  return value.empty() ? value : id(value, field);
}

std::string WireChecks::name(const std::string& value, std::string_view field) {
  if (!is_name(value)) refuse(fmt::format("{}: {} is no model name", field, in_quotes(value)));
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
