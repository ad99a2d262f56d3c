#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/check.h"
#include "base/utf8.h"
#include "json/value.h"

namespace shoal {
namespace {

// The library refuses numbers that its float type cannot hold; long double holds what a double cannot.
using Library =
    nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, long double>;

// Builds a Value from the events of nlohmann's parser, which builds no tree of its own and does not recurse.
class ValueBuilder {
 public:
  using number_integer_t = Library::number_integer_t;
  using number_unsigned_t = Library::number_unsigned_t;
  using number_float_t = Library::number_float_t;
  using string_t = Library::string_t;
  using binary_t = Library::binary_t;

  bool null() { return put(Value()); }
  bool boolean(bool value) { return put(Value(value)); }
  bool number_integer(number_integer_t value) { return put(Value(int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) {
    if (value > static_cast<uint64_t>(INT64_MAX)) return put(Value::of_digits(std::to_string(value)));
    return put(Value(static_cast<int64_t>(value)));
  }
  bool number_float(number_float_t, const string_t& digits) { return put(Value::of_digits(digits)); }
  bool string(string_t& value) { return put(Value(std::move(value))); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Value(Value::Object{})); }
  bool start_array(std::size_t) { return open(Value(Value::Array{})); }
  bool key(string_t& name) {
    open_.back().key = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  template <class Exception>
  bool parse_error(std::size_t, const std::string&, const Exception& exception) {
    error = exception.what();
    // The library's messages begin "[json.exception.parse_error.101] parse error at line 1, column 2: …".
    if (const size_t bracket = error.find("] "); bracket != std::string::npos) error.erase(0, bracket + 2);
    return false;
  }

  Value result;
  std::string error;

 private:
  // A container under construction. Once it has many keys they are indexed, so that no object takes quadratic
  // time.
  struct Level {
    Value container;
    std::string key;
    std::unordered_map<std::string, size_t> index;
  };

  bool open(Value container) {
    if (open_.size() >= maximum_json_depth) {
      error = fmt::format("JSON is nested deeper than {} levels", maximum_json_depth);
      return false;
    }
    open_.push_back({std::move(container), {}, {}});
    return true;
  }
  bool close() {
    Value container = std::move(open_.back().container);
    open_.pop_back();
    return put(std::move(container));
  }
  bool put(Value value) {
    if (open_.empty()) {
      result = std::move(value);
    } else if (Value::Array* items = open_.back().container.array()) {
      items->push_back(std::move(value));
    } else {
      put_member(open_.back(), std::move(value));
    }
    return true;
  }
  static void put_member(Level& level, Value value) {
    Value::Object& members = *level.container.object();
    constexpr size_t indexed_from = 16;
    if (members.size() < indexed_from) {
      level.container.set(level.key, std::move(value));
      return;
    }
    if (level.index.empty()) {
      for (size_t i = 0; i < members.size(); ++i) level.index.emplace(members[i].first, i);
    }
    const auto [entry, inserted] = level.index.emplace(level.key, members.size());
    if (inserted) {
      members.emplace_back(level.key, std::move(value));
    } else {
      members[entry->second].second = std::move(value);
    }
  }

  std::vector<Level> open_;
};

void append_escape(char32_t code_unit, std::string& out) {
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(code_unit));
}

class Writer {
 public:
  Writer(const JsonStyle& style, bool null_for_not_finite)
      : style_(style), null_for_not_finite_(null_for_not_finite) {}

  void write(const Value& value) {
    if (value.is_null()) {
      out += "null";
    } else if (const bool* boolean = value.boolean()) {
      out += *boolean ? "true" : "false";
    } else if (const int64_t* integer = value.integer()) {
      out += std::to_string(*integer);
    } else if (!value.written().empty()) {
      out += value.written();
    } else if (const double* number = value.number()) {
      write_number(*number);
    } else if (const std::string* text = value.text()) {
      out += format_json_text(*text, style_.ascii_only);
    } else if (const Value::Array* items = value.array()) {
      write_array(*items);
    } else {
      write_object(*value.object());
    }
  }

  std::string out;

 private:
  void write_number(double number) {
    if (std::isfinite(number)) {
      out += format_number(number);
    } else if (null_for_not_finite_) {
      out += "null";
    } else if (std::isnan(number)) {
      out += "NaN";
    } else {
      out += number > 0 ? "Infinity" : "-Infinity";
    }
  }
  void write_array(const Value::Array& items) {
    if (items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    ++depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i == 0);
      write(items[i]);
    }
    --depth_;
    break_line();
    out += ']';
  }
  void write_object(const Value::Object& members) {
    if (members.empty()) {
      out += "{}";
      return;
    }
    std::vector<const Value::Member*> order;
    for (const Value::Member& member : members) order.push_back(&member);
    if (style_.sorted_keys)
      std::ranges::stable_sort(order, {}, [](const Value::Member* m) { return m->first; });
    out += '{';
    ++depth_;
    for (size_t i = 0; i < order.size(); ++i) {
      separate(i == 0);
      out += format_json_text(order[i]->first, style_.ascii_only);
      out += style_.key_separator;
      write(order[i]->second);
    }
    --depth_;
    break_line();
    out += '}';
  }
  void separate(bool first) {
    if (!first) {
      std::string_view separator = style_.item_separator;
      // With an indent, Python's default item separator has no space at the end of the line.
      if (style_.indent && separator == ", ") separator = ",";
      out += separator;
    }
    break_line();
  }
  void break_line() {
    if (!style_.indent) return;
    out += '\n';
    for (int64_t i = 0; i < depth_; ++i) out += *style_.indent;
  }

  const JsonStyle& style_;
  const bool null_for_not_finite_;
  int64_t depth_ = 0;
};

}  // namespace

Result<Value> parse_json(std::string_view json) {
  // The library would take a NUL byte for the end of the text.
  if (const size_t nul = json.find('\0'); nul != std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, fmt::format("JSON has a NUL byte at offset {}", nul));
  }
  ValueBuilder builder;
  if (!Library::sax_parse(json.begin(), json.end(), &builder)) {
    return fail(ErrorCode::invalid_argument, builder.error.empty() ? "JSON is invalid" : builder.error);
  }
  return std::move(builder.result);
}

std::string format_json_text(std::string_view text, bool ascii_only) {
  std::string out = "\"";
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint code_point = decode_utf8(text, at);
    const char32_t c = code_point.value;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\b') {
      out += "\\b";
    } else if (c == '\f') {
      out += "\\f";
    } else if (c < 0x20 || (ascii_only && c >= 0x7F && c < 0x10000)) {
      append_escape(c, out);
    } else if (ascii_only && c >= 0x10000) {
      append_escape(0xD800 + ((c - 0x10000) >> 10), out);
      append_escape(0xDC00 + ((c - 0x10000) & 0x3FF), out);
    } else {
      append_utf8(c, out);
    }
    at += code_point.length;
  }
  return out + '"';
}

std::string format_number(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  // Python's repr uses an exponent below 1e-4 and from 1e16 on.
  char shortest[32];
  const auto [end, error] =
      std::to_chars(std::begin(shortest), std::end(shortest), number, std::chars_format::scientific);
  CHECK(error == std::errc());
  const std::string scientific(std::begin(shortest), end);
  const size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  std::string mantissa = scientific.substr(0, e);
  const bool negative = mantissa.front() == '-';
  std::string digits;
  for (const char c : mantissa) {
    if (c >= '0' && c <= '9') digits += c;
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  std::string out = negative ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (exponent + 1 >= count)
    return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  return out + digits.substr(0, static_cast<size_t>(exponent + 1)) + "." +
         digits.substr(static_cast<size_t>(exponent + 1));
}

std::string format_json(const Value& value) {
  JsonStyle compact;
  compact.item_separator = ",";
  compact.key_separator = ":";
  Writer writer(compact, /*null_for_not_finite=*/true);
  writer.write(value);
  return std::move(writer.out);
}

std::string format_json(const Value& value, const JsonStyle& style) {
  Writer writer(style, /*null_for_not_finite=*/false);
  writer.write(value);
  return std::move(writer.out);
}

}  // namespace shoal
