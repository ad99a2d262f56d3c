#include "model/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace shoal {
namespace {

// Doubles hold integers up to here exactly.
constexpr int64_t exact_limit = int64_t{1} << 53;

// What a kind of value is called in messages.
template <class T>
std::string_view kind_name();
template <>
std::string_view kind_name<bool>() {
  return "neither true nor false";
}
template <>
std::string_view kind_name<int64_t>() {
  return "not an integer";
}
template <>
std::string_view kind_name<double>() {
  return "not a number";
}
template <>
std::string_view kind_name<std::string>() {
  return "not a text";
}
template <>
std::string_view kind_name<std::vector<int64_t>>() {
  return "not a list of integers";
}
template <>
std::string_view kind_name<std::vector<double>>() {
  return "not a list of numbers";
}
template <>
std::string_view kind_name<std::vector<std::string>>() {
  return "not a list of texts";
}

// Where it is another kind of the same value.
template <class T>
std::optional<T> converted(const SettingValue&) {
  return std::nullopt;
}
template <>
std::optional<double> converted(const SettingValue& value) {
  const auto* integer = std::get_if<int64_t>(&value);
  if (integer == nullptr || *integer > exact_limit || *integer < -exact_limit) return std::nullopt;
  return static_cast<double>(*integer);
}
template <>
std::optional<std::vector<double>> converted(const SettingValue& value) {
  const auto* integers = std::get_if<std::vector<int64_t>>(&value);
  if (integers == nullptr) return std::nullopt;
  return std::vector<double>(integers->begin(), integers->end());
}

}  // namespace

std::optional<SettingValue> Settings::find(const SettingName& setting) {
  const std::string_view name = name_of(setting);
  if (name.empty()) return std::nullopt;
  read_.emplace(name);
  if (auto value = source_.find(name)) return value;
  if (dialect() == Dialect::gguf) return std::nullopt;
  const auto found = std::ranges::find(defaults_, name, &SettingDefault::hugging_face);
  if (found == defaults_.end()) return std::nullopt;
  if (std::trunc(found->value) == found->value) return static_cast<int64_t>(found->value);
  return found->value;
}

std::optional<SettingValue> Settings::require(const SettingName& name) {
  auto value = find(name);
  if (!value) note(fmt::format("'{}' is missing", full_name(name)));
  return value;
}

template <class T>
std::optional<T> Settings::convert(const SettingName& name, const std::optional<SettingValue>& value) {
  if (!value) return std::nullopt;
  if (const T* same = std::get_if<T>(&*value)) return *same;
  if (auto other = converted<T>(*value)) return other;
  note(fmt::format("'{}' is {}", full_name(name), kind_name<T>()));
  return std::nullopt;
}

int64_t Settings::integer(const SettingName& name) {
  return convert<int64_t>(name, require(name)).value_or(0);
}

double Settings::number(const SettingName& name) { return convert<double>(name, require(name)).value_or(0); }

int64_t Settings::integer_or(const SettingName& name, int64_t fallback) {
  return convert<int64_t>(name, find(name)).value_or(fallback);
}

double Settings::number_or(const SettingName& name, double fallback) {
  return convert<double>(name, find(name)).value_or(fallback);
}

bool Settings::boolean_or(const SettingName& name, bool fallback) {
  const auto value = find(name);
  if (const auto* integer = value ? std::get_if<int64_t>(&*value) : nullptr; integer != nullptr) {
    if (*integer == 0 || *integer == 1) return *integer == 1;
  }
  return convert<bool>(name, value).value_or(fallback);
}

std::string Settings::text_or(const SettingName& name, std::string fallback) {
  return convert<std::string>(name, find(name)).value_or(std::move(fallback));
}

std::vector<int64_t> Settings::integers(const SettingName& name) {
  return convert<std::vector<int64_t>>(name, find(name)).value_or(std::vector<int64_t>());
}

std::vector<double> Settings::numbers(const SettingName& name) {
  return convert<std::vector<double>>(name, find(name)).value_or(std::vector<double>());
}

std::vector<std::string> Settings::texts(const SettingName& name) {
  return convert<std::vector<std::string>>(name, find(name)).value_or(std::vector<std::string>());
}

bool Settings::is_list(const SettingName& name) {
  const auto value = find(name);
  return value && std::holds_alternative<std::vector<int64_t>>(*value);
}

bool Settings::is_section(const SettingName& name) {
  const auto value = find(name);
  return value && std::holds_alternative<std::monostate>(*value);
}

bool Settings::is_neutral(const SettingName& setting, double neutral) const {
  const std::string_view name = name_of(setting);
  const auto value = name.empty() ? std::nullopt : source_.find(name);
  if (!value) return true;
  if (const auto* truth = std::get_if<bool>(&*value)) return !*truth;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&*value)) return list->empty();
  const auto* real = std::get_if<double>(&*value);
  const auto number = real == nullptr ? converted<double>(*value) : std::optional(*real);
  return number && (*number == 0 || *number == neutral);
}

int64_t Settings::integer_of_all_layers(const SettingName& name, int64_t fallback) {
  const auto value = find(name);
  const auto* list = value ? std::get_if<std::vector<int64_t>>(&*value) : nullptr;
  if (list == nullptr || list->empty()) return convert<int64_t>(name, value).value_or(fallback);
  if (std::ranges::any_of(*list, [&](int64_t each) { return each != list->front(); })) {
    refuse(fmt::format("'{}' differs between layers, which is not supported", full_name(name)));
  }
  return list->front();
}

}  // namespace shoal
