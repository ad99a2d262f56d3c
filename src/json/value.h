// A JSON-like value: chat templates compute with it, and messages and tools come from the API as it, so that
// no header needs a JSON library. Objects keep their order of insertion, numbers their digits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace shoal {

class Value {
 public:
  using Array = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object = std::vector<Member>;

  // `json` is a number as JSON writes it.
  static Value of_digits(std::string_view json);

  Value() = default;  // null
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(Number{.nearest = value, .written = nullptr}) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  // A number with a point or an exponent, or an integer beyond 64 bits, as the nearest double, which may be
  // infinite.
  const double* number() const {
    const Number* number = std::get_if<Number>(&data_);
    return number == nullptr ? nullptr : &number->nearest;
  }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }

  // The number as it was written, if format_number(*number()) gives something else; mostly empty.
  std::string_view written() const;
  // The digits of an integer beyond 64 bits; empty for everything else.
  std::string_view big_integer() const;

  // The member of this name; nullptr when there is none or this is no object.
  const Value* find(std::string_view name) const;
  // Sets a member in place or at the end. null becomes an object first; any other value that is no object
  // stays as it is.
  void set(std::string_view name, Value value);

  bool operator==(const Value&) const = default;

 private:
  struct Number {
    double nearest;
    std::shared_ptr<const std::string> written;  // mostly null

    bool operator==(const Number& other) const;
  };
  std::variant<std::monostate, bool, int64_t, Number, std::string, Array, Object> data_;
};

inline constexpr int maximum_json_depth = 256;

// invalid_argument with line and column. Nesting is bounded by maximum_json_depth, the size of numbers to
// less than 1e4932. When members share a name, the last one counts.
Result<Value> parse_json(std::string_view json);

// The layout of written JSON. Without an indent everything is on one line; the default separators are
// Python's.
struct JsonStyle {
  std::optional<std::string> indent;  // one level's
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ascii_only = false;
  bool sorted_keys = false;
};

// The shortest form. A number that is not finite, which JSON does not have, becomes null.
std::string format_json(const Value& value);
// As Python's json.dumps writes it; numbers that are not finite become NaN, Infinity or -Infinity.
std::string format_json(const Value& value, const JsonStyle& style);

// Parts of the functions above, for code that writes other values than Value.
std::string format_json_text(std::string_view text, bool ascii_only);
// The shortest digits that give the same number again, as Python's repr writes them: 1.0, 1e-05, 1e+16, inf,
// nan.
std::string format_number(double number);

}  // namespace shoal
