// A JSON-like value: what chat templates compute with, and how messages and tools come from the API without a
// JSON library in any header. Objects keep their order of insertion, numbers their digits.
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

  // A number as JSON writes it.
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
  // What has a point or an exponent, and integers beyond 64 bits: the nearest double, which may be infinite.
  const double* number() const {
    const Number* number = std::get_if<Number>(&data_);
    return number == nullptr ? nullptr : &number->nearest;
  }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }

  // How the number was written, where format_number(*number()) gives something else; mostly empty.
  std::string_view written() const;
  // The digits of an integer beyond 64 bits; empty for everything else.
  std::string_view big_integer() const;

  // The member of an object; nullptr when this is no object or has none of that name.
  const Value* find(std::string_view name) const;
  // Sets a member of an object, in place or at the end.
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

// invalid_argument with line and column. Depth is bounded, and so are numbers (to less than 1e4932); of
// members with one name the last counts.
Result<Value> parse_json(std::string_view json);

// How JSON is written. Without an indent everything is on one line; the separators are Python's.
struct JsonStyle {
  std::optional<std::string> indent;  // of each level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ascii_only = false;
  bool sorted_keys = false;
};

// Without a style: the shortest form. A number that is not finite, which JSON does not have, becomes null.
std::string format_json(const Value& value);
// As Python's json.dumps writes it (numbers that are not finite as NaN, Infinity, -Infinity).
std::string format_json(const Value& value, const JsonStyle& style);

// Parts of the above for those who write other values than these.
std::string format_json_text(std::string_view text, bool ascii_only);
// The shortest digits that give the same number again, written as Python's repr does: 1.0, 1e-05, 1e+16, inf,
// nan.
std::string format_number(double number);

}  // namespace shoal
