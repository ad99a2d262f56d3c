#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "templates/jinja/evaluator.h"
#include "templates/jinja/integers.h"
#include "templates/jinja/text_tools.h"

namespace shoal::jinja {
namespace {

// [[fill]align][sign][#][0][width][,][.precision][type], as both ways of formatting have it.
struct Spec {
  char32_t fill = ' ';
  char align = '\0';
  char sign = '-';
  bool has_sign = false;
  bool alternative = false;
  char separator = '\0';  // between groups of digits
  int64_t width = 0;
  int64_t precision = -1;
  char type = '\0';
};

constexpr int64_t maximum_width = 10'000;

int64_t take_integer(std::string_view& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range || value > maximum_width)
    give_up("a format asks for too much width");
  if (error == std::errc()) text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// Puts separators between groups of digits, counted from the point.
std::string grouped(std::string digits, char separator, size_t size = 3) {
  if (separator == '\0') return digits;
  size_t end = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (end == std::string::npos) end = digits.size();
  for (size_t at = end; at > size;) {
    at -= size;
    digits.insert(at, 1, separator);
  }
  return digits;
}

std::string magnitude_of_integer(const Datum& integer, const Spec& spec) {
  const bool is_hex = spec.type == 'x' || spec.type == 'X';
  const int base = is_hex ? 16 : spec.type == 'o' ? 8 : spec.type == 'b' ? 2 : 10;
  std::string digits = magnitude_digits(integer, base);
  if (spec.type == 'X') {
    for (char& c : digits) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  digits = grouped(std::move(digits), spec.separator, base == 10 ? 3 : 4);
  return spec.alternative && base != 10 ? fmt::format("0{}{}", spec.type, digits) : digits;
}

std::string magnitude_of_number(double magnitude, const Spec& spec) {
  if (std::isinf(magnitude)) return "inf";
  if (std::isnan(magnitude)) return "nan";
  const auto precision = static_cast<int>(spec.precision < 0 ? 6 : std::min<int64_t>(spec.precision, 400));
  std::string text;
  switch (spec.type) {
    case 'e': return fmt::format("{:.{}e}", magnitude, precision);
    case 'E': return fmt::format("{:.{}E}", magnitude, precision);
    case 'g': return fmt::format("{:.{}g}", magnitude, precision);
    case 'G': return fmt::format("{:.{}G}", magnitude, precision);
    case '%': return fmt::format("{:.{}f}%", magnitude * 100, precision);
    case '\0':
      text = spec.precision < 0 ? format_number(magnitude) : fmt::format("{:.{}g}", magnitude, precision);
      break;
    default: text = fmt::format("{:.{}f}", magnitude, precision);
  }
  return grouped(std::move(text), spec.separator);
}

MarkedText pad_to(const MarkedText& text, const Spec& spec, char align, Budget& budget) {
  const int64_t missing = spec.width - text.character_count();
  if (missing <= 0) return text;
  std::string fill;
  append_utf8(spec.fill, fill);
  const int64_t left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
  return pad(text, spec.width, MarkedText::of_template(fill), left, budget);
}

MarkedText format_numeric(const Datum& value, const Spec& spec, Budget& budget) {
  const bool wants_integer =
      spec.type != '\0' && std::string_view("dioxXbucn").find(spec.type) != std::string_view::npos;
  const bool wants_number =
      spec.type != '\0' && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  std::string digits;
  bool negative = false;
  if (value.is_integer() && !wants_number) {
    negative = compare(value, int64_t{0}, budget) < 0;
    digits = magnitude_of_integer(value, spec);
    budget.pay_steps(static_cast<int64_t>(digits.size()));
  } else if (const double number = *value.as_number(); wants_integer) {
    if (!std::isfinite(number)) give_up("a number that is not finite has no integer's format");
    negative = number <= -1;
    digits = magnitude_of_integer(truncated(number), spec);
  } else {
    negative = std::signbit(number) && !std::isnan(number);
    digits = magnitude_of_number(std::fabs(number), spec);
  }
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  if (spec.align == '=') {
    Spec inner = spec;
    inner.width -= static_cast<int64_t>(sign.size());
    MarkedText out = MarkedText::of_template(sign);
    out.append(pad_to(MarkedText::of_template(digits), inner, '>', budget));
    return out;
  }
  return pad_to(MarkedText::of_template(sign + digits), spec, spec.align == '\0' ? '>' : spec.align, budget);
}

MarkedText format_text(const MarkedText& text, const Spec& spec, char default_align, Budget& budget) {
  MarkedText shown = text;
  if (spec.precision >= 0) shown = text.slice(0, text.byte_offset(spec.precision));
  return pad_to(shown, spec, spec.align == '\0' ? default_align : spec.align, budget);
}

// Whether unused values are an error. Python does not mind those of a list or dict, which might be asked for
// by key.
bool is_tuple_or_text(const Datum& values) {
  if (values.is_undefined()) return false;
  return values.dict() == nullptr && (values.list() == nullptr || values.list()->kind == ListKind::tuple);
}

// `value` is one character, or its code point.
MarkedText character_of(const Datum& value) {
  if (value.text() != nullptr && value.text()->character_count() == 1) return *value.text();
  const std::optional<int64_t> code_point = value.as_integer();
  constexpr int64_t code_points = 0x110000;
  if (!code_point || *code_point < 0 || *code_point >= code_points) give_up("%c needs a character");
  std::string bytes;
  append_utf8(static_cast<char32_t>(*code_point), bytes);
  return MarkedText::of_template(is_valid_utf8(bytes) ? bytes : repair_utf8(bytes));
}

// Formats with %. Values come one after the other, or by key from a dict.
class PercentFormatter {
 public:
  PercentFormatter(const MarkedText& format, const Datum& values, Budget& budget)
      : format_(format), values_(values), budget_(budget) {
    const bool tuple = values.list() != nullptr && values.list()->kind == ListKind::tuple;
    sequence_ = tuple ? values.list()->items : std::vector<Datum>{values};
  }

  MarkedText run() {
    const std::string& bytes = format_.bytes();
    size_t at = 0;
    while (true) {
      const size_t percent = bytes.find('%', at);
      out_.append(
          format_.slice(static_cast<int64_t>(at), static_cast<int64_t>(std::min(percent, bytes.size()))));
      if (percent == std::string::npos) break;
      at = convert(percent + 1);
    }
    const bool left_over = next_ < sequence_.size() && is_tuple_or_text(values_);
    if (left_over) give_up("not all values are used in the format");
    budget_.pay_bytes(out_.size());
    out_.set_safe(format_.safe());
    return std::move(out_);
  }

 private:
  const Datum& next() {
    if (next_ >= sequence_.size()) give_up("there are not enough values for the format");
    return sequence_[next_++];
  }

  // Formats the conversion that begins after a '%' at `at`; returns where it ends.
  size_t convert(size_t at) {
    std::string_view rest = std::string_view(format_.bytes()).substr(at);
    const size_t length = rest.size();
    const Datum* keyed = nullptr;
    if (rest.starts_with('(')) {
      const size_t close = rest.find(')');
      if (close == std::string_view::npos || values_.dict() == nullptr) give_up("a format needs a dict");
      keyed = values_.dict()->find(rest.substr(1, close - 1));
      if (keyed == nullptr) give_up("a format needs '{}'", rest.substr(1, close - 1));
      rest.remove_prefix(close + 1);
    }
    Spec spec;
    for (; !rest.empty() && std::string_view("-+ #0").find(rest.front()) != std::string_view::npos;
         rest.remove_prefix(1)) {
      const char flag = rest.front();
      if (flag == '-') spec.align = '<';
      if (flag == '+' || (flag == ' ' && spec.sign == '-')) spec.sign = flag;
      if (flag == '#') spec.alternative = true;
      if (flag == '0' && spec.align == '\0') {
        spec.align = '=';
        spec.fill = '0';
      }
    }
    spec.width = take_integer(rest);
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      spec.precision = take_integer(rest);
    }
    if (rest.empty()) give_up("a format ends too early");
    spec.type = rest.front();
    rest.remove_prefix(1);
    if (spec.type == '%') {
      out_.append("%");
    } else {
      put(keyed != nullptr ? *keyed : next(), spec);
    }
    return at + (length - rest.size());
  }

  void put(const Datum& value, Spec spec) {
    if (spec.type == 's' || spec.type == 'r' || spec.type == 'a') {
      MarkedText text = spec.type == 's' ? to_text(value, budget_) : to_repr(value, budget_);
      if (format_.safe()) text = escaped(text, budget_);
      if (spec.align == '=') spec.align = '\0';
      spec.fill = ' ';
      out_.append(format_text(text, spec, '>', budget_));
    } else if (spec.type == 'c') {
      out_.append(format_text(character_of(value), spec, '>', budget_));
    } else if (std::string_view("diouxXeEfFgG").find(spec.type) != std::string_view::npos) {
      const bool whole_only = std::string_view("xXo").find(spec.type) != std::string_view::npos;
      if (whole_only ? !value.is_integer() : !value.is_number()) {
        give_up("a format needs a number, not {}", type_name(value));
      }
      out_.append(format_numeric(value, spec, budget_));
    } else {
      give_up("there is no format '{}'", std::string_view(&spec.type, 1));
    }
  }

  const MarkedText& format_;
  const Datum& values_;
  Budget& budget_;
  std::vector<Datum> sequence_;
  size_t next_ = 0;
  MarkedText out_;
};

Spec parse_spec(std::string_view text) {
  Spec spec;
  constexpr std::string_view aligns = "<>=^";
  if (!text.empty()) {
    const CodePoint first = decode_utf8(text, 0);
    const auto length = static_cast<size_t>(first.length);
    if (text.size() > length && aligns.find(text[length]) != std::string_view::npos) {
      spec.fill = first.value;
      spec.align = text[length];
      text.remove_prefix(length + 1);
    } else if (aligns.find(text.front()) != std::string_view::npos) {
      spec.align = text.front();
      text.remove_prefix(1);
    }
  }
  const auto take = [&](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  for (const char sign : {'+', '-', ' '}) {
    if (!take(sign)) continue;
    spec.sign = sign;
    spec.has_sign = true;
    break;
  }
  spec.alternative = take('#');
  if (take('0') && spec.align == '\0') {
    spec.align = '=';
    spec.fill = '0';
  }
  spec.width = take_integer(text);
  for (const char separator : {',', '_'}) {
    if (take(separator)) spec.separator = separator;
  }
  if (take('.')) spec.precision = take_integer(text);
  if (!text.empty()) {
    spec.type = text.front();
    text.remove_prefix(1);
  }
  if (!text.empty() ||
      (spec.type != '\0' && std::string_view("sdioxXbeEfFgG%n").find(spec.type) == std::string_view::npos)) {
    give_up("a format is wrong");
  }
  return spec;
}

// Formats with {}.
class BraceFormatter {
 public:
  BraceFormatter(const MarkedText& format, const Arguments& values, Evaluator& evaluator)
      : format_(format), values_(values), evaluator_(evaluator) {}

  MarkedText run() {
    const std::string& bytes = format_.bytes();
    size_t at = 0;
    while (true) {
      const size_t brace = bytes.find_first_of("{}", at);
      out_.append(
          format_.slice(static_cast<int64_t>(at), static_cast<int64_t>(std::min(brace, bytes.size()))));
      if (brace == std::string::npos) break;
      if (brace + 1 < bytes.size() && bytes[brace + 1] == bytes[brace]) {
        out_.append(format_.slice(static_cast<int64_t>(brace), static_cast<int64_t>(brace) + 1));
        at = brace + 2;
        continue;
      }
      const size_t close = bytes.find('}', brace);
      if (bytes[brace] == '}' || close == std::string::npos) give_up("a format has a single brace");
      put(std::string_view(bytes).substr(brace + 1, close - brace - 1));
      at = close + 1;
    }
    evaluator_.budget().pay_bytes(out_.size());
    out_.set_safe(format_.safe());
    return std::move(out_);
  }

 private:
  void put(std::string_view field) {
    const size_t colon = field.find(':');
    std::string_view name = field.substr(0, colon);
    const std::string_view spec_text = colon == std::string_view::npos ? "" : field.substr(colon + 1);
    const Spec spec = parse_spec(spec_text);
    char conversion = '\0';
    if (const size_t mark = name.find('!'); mark != std::string_view::npos) {
      if (mark + 2 != name.size() || (name[mark + 1] != 's' && name[mark + 1] != 'r'))
        give_up("a format is wrong");
      conversion = name[mark + 1];
      name = name.substr(0, mark);
    }
    Datum value = find(name);
    Budget& budget = evaluator_.budget();
    if (conversion == 'r') value = to_repr(value, budget);
    if (conversion == 's') value = to_text(value, budget);
    const bool numeric = value.is_number() && !(value.boolean() != nullptr && spec_text.empty());
    if (numeric) {
      const bool whole_only =
          spec.type != '\0' && std::string_view("dxXob").find(spec.type) != std::string_view::npos;
      if (spec.type == 's' || (whole_only && !value.is_integer())) {
        give_up("there is no format '{}' of a {}", spec_text, type_name(value));
      }
      out_.append(format_numeric(value, spec, budget));
    } else {
      if (value.text() == nullptr && !spec_text.empty())
        give_up("there is no format of a {}", type_name(value));
      const bool for_texts = (spec.type == '\0' || spec.type == 's') && spec.separator == '\0' &&
                             !spec.has_sign && !spec.alternative && spec.align != '=';
      if (!for_texts) give_up("a format needs a number, not {}", type_name(value));
      const MarkedText text = to_text(value, budget);
      out_.append(format_text(format_.safe() ? escaped(text, budget) : text, spec, '<', budget));
    }
  }

  // `name` is "", "0", "name", "name.attribute" or "name[key]".
  Datum find(std::string_view name) {
    size_t end = name.find_first_of(".[");
    Datum value = find_base(name.substr(0, end));
    while (end != std::string_view::npos) {
      name.remove_prefix(end);
      const bool bracket = name.front() == '[';
      const size_t stop = bracket ? name.find(']') : name.find_first_of(".[", 1);
      if (bracket && stop == std::string_view::npos) give_up("a format is wrong");
      const std::string_view key = name.substr(1, stop == std::string_view::npos ? stop : stop - 1);
      int64_t index = 0;
      const auto [parsed, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      const bool is_index = bracket && error == std::errc() && parsed == key.data() + key.size();
      value = is_index  ? evaluator_.item(value, index)
              : bracket ? evaluator_.item(value, Datum::text(key))
                        : evaluator_.attribute(value, key);
      if (stop == std::string_view::npos) break;
      end = bracket ? stop + 1 : stop;
      if (end >= name.size()) break;
    }
    return value;
  }

  Datum find_base(std::string_view name) {
    size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (name.empty()) {
      index = next_++;
    } else if (error != std::errc() || end != name.data() + name.size()) {
      const auto named = std::ranges::find(values_.named, name, &std::pair<std::string, Datum>::first);
      if (named == values_.named.end()) give_up("a format needs '{}'", name);
      return named->second;
    }
    if (index >= values_.positional.size()) give_up("there are not enough values for the format");
    return values_.positional[index];
  }

  const MarkedText& format_;
  const Arguments& values_;
  Evaluator& evaluator_;
  size_t next_ = 0;
  MarkedText out_;
};

}  // namespace

MarkedText format_percent(const MarkedText& format, const Datum& values, Budget& budget) {
  return PercentFormatter(format, values, budget).run();
}

MarkedText format_braces(const MarkedText& format, const Arguments& values, Evaluator& evaluator) {
  return BraceFormatter(format, values, evaluator).run();
}

}  // namespace shoal::jinja
