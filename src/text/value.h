// A JSON-like value: what chat templates compute with, and how messages and tools come from the API without a
// JSON library in any header. Objects keep their order of insertion.
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

  Value() = default;  // null
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  const double* number() const { return std::get_if<double>(&data_); }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }

  // The member of an object; nullptr when this is no object or has none of that name.
  const Value* find(std::string_view name) const;
  // Sets a member of an object, in place or at the end.
  void set(std::string_view name, Value value);

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> data_;
};

inline constexpr int kMaximumJsonDepth = 256;

// invalid_argument with line and column. Depth is bounded; of members with one name the last counts; integers
// beyond 64 bits become numbers.
Result<Value> parse_json(std::string_view json);

// How JSON is written. Without an indent everything is on one line; the separators are Python's.
struct JsonStyle {
  std::optional<int64_t> indent;
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
