#include "json/value.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace shoal {

Value Value::of_digits(std::string_view json) {
  const bool is_whole = json.find_first_of(".eE") == std::string_view::npos;
  int64_t integer = 0;
  if (is_whole && std::from_chars(json.data(), json.data() + json.size(), integer).ec == std::errc())
    return integer;
  const std::string digits(json);
  const double nearest = std::strtod(digits.c_str(), nullptr);
  Value value(nearest);
  if (format_number(nearest) != digits)
    std::get<Number>(value.data_).written = std::make_shared<const std::string>(digits);
  return value;
}

std::string_view Value::written() const {
  const Number* number = std::get_if<Number>(&data_);
  return number == nullptr || number->written == nullptr ? std::string_view() : *number->written;
}

std::string_view Value::big_integer() const {
  const std::string_view digits = written();
  return digits.find_first_of(".eE") == std::string_view::npos ? digits : std::string_view();
}

bool Value::Number::operator==(const Number& other) const {
  const auto text = [](const Number& number) {
    return number.written == nullptr ? std::string_view() : std::string_view(*number.written);
  };
  return nearest == other.nearest && text(*this) == text(other);
}

const Value* Value::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto member = std::ranges::find(*members, name, &Member::first);
  return member == members->end() ? nullptr : &member->second;
}

void Value::set(std::string_view name, Value value) {
  if (is_null()) data_ = Object{};
  Object* members = object();
  if (members == nullptr) return;
  const auto member = std::ranges::find(*members, name, &Member::first);
  if (member != members->end()) {
    member->second = std::move(value);
  } else {
    members->emplace_back(std::string(name), std::move(value));
  }
}

}  // namespace shoal
