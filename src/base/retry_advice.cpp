#include "base/retry_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace shoal {
namespace {
constexpr std::string_view beginning = "try again in ";
constexpr std::string_view unit = " s";
constexpr int64_t longest = 86'400;
}  // namespace

std::string advise_retry(Duration wait) {
  const int64_t seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return fmt::format("{}{}{}", beginning, std::clamp<int64_t>(seconds, 1, longest), unit);
}

std::optional<int64_t> find_retry_advice(std::string_view message) {
  const size_t found = message.rfind(beginning);
  if (found == std::string_view::npos || !message.ends_with(unit)) return std::nullopt;
  const std::string_view number = message.substr(found + beginning.size());
  int64_t seconds = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  const bool is_whole = failure == std::errc() && std::string_view(end, number.end()) == unit;
  if (!is_whole || seconds < 1 || seconds > longest) return std::nullopt;
  return seconds;
}

}  // namespace shoal
