#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/integers.h"
#include "templates/jinja/text_tools.h"

namespace shoal::jinja::number_filters {
namespace {

void check_defined(const Datum& value) {
  if (value.is_undefined()) give_up("'{}' is undefined", value.undefined_name());
}

// Removes single underscores between digits; others stay.
std::string without_separators(std::string_view text) {
  const auto is_digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool separates = text[at] == '_' && at > 0 && is_digit(at - 1) && is_digit(at + 1);
    if (!separates) out += text[at];
  }
  return out;
}

// Reads a number as Python's float() does.
std::optional<double> parse_number(std::string_view written) {
  const MarkedText whole = MarkedText::of_template(std::string(written));
  const std::string digits = without_separators(strip(whole, nullptr, /*left=*/true, /*right=*/true).bytes());
  std::string_view text = digits;
  if (text.starts_with("+-")) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (text.find('(') != std::string_view::npos) return std::nullopt;  // C accepts nan(…), Python does not
  // A number out of range becomes infinite or zero.
  return error == std::errc() ? number : std::strtod(digits.c_str(), nullptr);
}

Datum abs_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  if (value.is_integer()) {
    const bool negative = compare(value, int64_t{0}, evaluator.budget()) < 0;
    return compute(negative ? "-" : "+", int64_t{0}, value, evaluator.budget());
  }
  if (value.number() == nullptr) give_up("abs of a {}", type_name(value));
  return std::fabs(*value.number());
}

Datum int_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  check_defined(value);
  const Datum otherwise = bound.has(0) ? bound[0] : Datum(int64_t{0});
  const int64_t base = bound.integer(1, 10);
  if (base != 0 && (base < 2 || base > 36)) give_up("int: a base of {}", base);
  if (value.is_integer()) return compute("+", value, int64_t{0}, evaluator.budget());
  std::optional<double> number;
  if (value.number() != nullptr) {
    number = *value.number();
    if (std::isinf(*number)) give_up("int of a number that is infinite");
  }
  if (const MarkedText* text = value.text()) {
    evaluator.budget().pay_steps(text->size());
    if (Datum integer = parse_integer(text->bytes(), base); !integer.is_undefined()) return integer;
    number = parse_number(text->bytes());
  }
  return number && std::isfinite(*number) ? truncated(*number) : otherwise;
}

Datum float_filter(Evaluator&, const Datum& value, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  check_defined(value);
  if (value.is_number()) return *value.as_number();
  if (const MarkedText* text = value.text()) {
    if (const std::optional<double> number = parse_number(text->bytes())) return *number;
  }
  return bound.has(0) ? bound[0] : Datum(0.0);
}

// Rounds to a multiple of ten to the power of `zeros`, halves to the even one.
Datum rounded(const Datum& number, int64_t zeros, Budget& budget) {
  constexpr int64_t maximum_zeros = 6000;  // no integer has as many digits
  if (zeros <= 0) return compute("+", number, int64_t{0}, budget);
  if (zeros > maximum_zeros) return int64_t{0};
  const Datum unit = compute("**", int64_t{10}, zeros, budget);
  const Datum rest = compute("%", number, unit, budget);
  const Datum below = compute("-", number, rest, budget);
  const int half = compare(compute("*", rest, int64_t{2}, budget), unit, budget);
  const Datum parity = compute("%", compute("//", below, unit, budget), int64_t{2}, budget);
  return half > 0 || (half == 0 && parity.truth()) ? compute("+", below, unit, budget) : below;
}

Datum round_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  if (!value.is_number()) give_up("round of a {}", type_name(value));
  const int64_t places = bound.clamped(0, 0);
  const std::string method = bound.text(1, "common").bytes();
  if (method != "common" && method != "ceil" && method != "floor")
    give_up("round: there is no method '{}'", method);
  if (method == "common" && value.is_integer())
    return rounded(value, places < -INT64_MAX ? INT64_MAX : -places, evaluator.budget());
  const double number = *value.as_number();
  if (value.is_integer() && places >= 0) return number;
  const int64_t precision = std::clamp<int64_t>(places, -300, 300);
  if (method == "common") {
    // As in Python, the decimal digits decide, not a product that is itself rounded.
    if (precision < 0) {
      const double scale = std::pow(10.0, static_cast<double>(-precision));
      return std::nearbyint(number / scale) * scale;
    }
    return parse_number(fmt::format("{:.{}f}", number, precision)).value_or(number);
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double whole = method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale);
  return (whole + 0.0) / scale;  // Python makes an integer here, so there is no -0
}

Datum file_size_filter(Evaluator&, const Datum& value, const Arguments& arguments) {
  const Bound bound("filesizeformat", arguments, {"binary"});
  check_defined(value);
  std::optional<double> bytes;
  if (value.is_number()) bytes = *value.as_number();
  if (value.text() != nullptr) bytes = parse_number(value.text()->bytes());
  if (!bytes) give_up("filesizeformat of a {}", type_name(value));
  const bool binary = bound.flag(0, false);
  const double base = binary ? 1024 : 1000;
  if (*bytes == 1) return Datum::text("1 Byte");
  if (*bytes < base) {
    if (!std::isfinite(*bytes)) give_up("filesizeformat of a number that is not finite");
    const std::string_view sign = *bytes <= -1 ? "-" : "";
    return Datum::text(fmt::format("{}{} Bytes", sign, magnitude_digits(truncated(*bytes), 10)));
  }
  constexpr std::string_view prefixes = "kMGTPEZY";
  double unit = base;
  for (size_t i = 0;; ++i) {
    unit *= base;
    if (*bytes >= unit && i + 1 < prefixes.size()) continue;
    const char prefix = binary && i == 0 ? 'K' : prefixes[i];
    return Datum::text(fmt::format("{:.1f} {}{}", base * *bytes / unit, prefix, binary ? "iB" : "B"));
  }
}

}  // namespace

Filter find(std::string_view name) {
  static const std::unordered_map<std::string_view, Filter> filters = {{"abs", abs_filter},
                                                                       {"filesizeformat", file_size_filter},
                                                                       {"float", float_filter},
                                                                       {"int", int_filter},
                                                                       {"round", round_filter}};
  const auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace shoal::jinja::number_filters
