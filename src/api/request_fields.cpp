#include "api/request_fields.h"

#include <fmt/format.h>

#include <cmath>

#include "base/utf8.h"

namespace shoal {
namespace {

constexpr std::string_view wrong_type = "invalid_type";

std::string describe_range(const NumberRange& range) {
  return range.excludes_low ? fmt::format("greater than {} and at most {}", range.low, range.high)
                            : fmt::format("from {} to {}", range.low, range.high);
}

}  // namespace

std::string describe_value(const Value& value) {
  constexpr int64_t shown_length = 60;
  if (value.array() != nullptr) return fmt::format("an array of {}", value.array()->size());
  if (value.object() != nullptr) return "an object";
  const std::string json = format_json(value);
  int64_t end = 0;
  for (int64_t shown = 0; end < static_cast<int64_t>(json.size()) && shown < shown_length; ++shown) {
    end += decode_utf8(json, end).length;
  }
  if (end == static_cast<int64_t>(json.size())) return json;
  return json.substr(0, static_cast<size_t>(end)) + "…";
}

ApiResult<Value> parse_request_object(std::string_view body) {
  Result<Value> value = parse_json(body);
  const auto refuse = [](std::string message) {
    return std::unexpected(ApiError{.status = 400,
                                    .message = std::move(message),
                                    .param = std::nullopt,
                                    .code = std::string("invalid_json")});
  };
  if (!value) return refuse(fmt::format("the body is not valid JSON: {}", value.error().message));
  if (value->object() == nullptr) {
    return refuse(fmt::format("the body must be a JSON object, not {}", describe_value(*value)));
  }
  return std::move(*value);
}

const Value* RequestFields::find(std::string_view name) const {
  if (error_) return nullptr;
  const Value* value = object_.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string_view RequestFields::spelling(std::initializer_list<std::string_view> names) {
  std::string_view chosen = *names.begin();
  const Value* first = nullptr;
  for (const std::string_view name : names) {
    const Value* value = find(name);
    if (value == nullptr) continue;
    if (first == nullptr) {
      chosen = name;
      first = value;
    } else if (*value != *first) {
      reject(name,
             fmt::format("must be the same as {} ({}) where both are given", chosen, describe_value(*first)));
    }
  }
  return chosen;
}

void RequestFields::reject(std::string_view name, std::string_view must, std::string_view code) {
  if (error_) return;
  const std::string param = path_ + std::string(name);
  const Value* value = object_.find(name);
  std::string message = fmt::format("{} {}", param, must);
  if (value != nullptr) message += fmt::format(", not {}", describe_value(*value));
  error_ = ApiError{.status = 400, .message = std::move(message), .param = param, .code = std::string(code)};
}

void RequestFields::reject_unsupported(std::string_view name, std::string_view what) {
  if (error_) return;
  const std::string param = path_ + std::string(name);
  error_ = ApiError{.status = 400,
                    .message = fmt::format("{}: {}", param, what),
                    .param = param,
                    .code = std::string("unsupported_parameter")};
}

std::optional<bool> RequestFields::boolean(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const bool* boolean = value->boolean()) return *boolean;
  reject(name, "must be true or false", wrong_type);
  return std::nullopt;
}

std::optional<int64_t> RequestFields::integer(std::string_view name, int64_t low, int64_t high) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<int64_t> integer;
  if (value->integer() != nullptr) integer = *value->integer();
  // JavaScript and Lua may write whole numbers as 5.0 or 1e3.
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (const double* number = value->number();
      number && std::trunc(*number) == *number && std::abs(*number) <= exact) {
    integer = static_cast<int64_t>(*number);
  }
  const std::string must = high == std::numeric_limits<int64_t>::max()
                               ? fmt::format("must be an integer from {}", low)
                               : fmt::format("must be an integer from {} to {}", low, high);
  if (!integer) {
    const bool is_number = value->number() != nullptr;
    reject(name, must, is_number ? "invalid_value" : wrong_type);
  } else if (*integer < low || *integer > high) {
    reject(name, must);
    return std::nullopt;
  }
  return integer;
}

std::optional<double> RequestFields::number(std::string_view name, NumberRange range) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<double> number;
  if (value->number() != nullptr) number = *value->number();
  if (value->integer() != nullptr) number = static_cast<double>(*value->integer());
  const std::string must = "must be a number " + describe_range(range);
  if (!number) {
    reject(name, must, wrong_type);
    return std::nullopt;
  }
  const bool is_above = range.excludes_low ? *number > range.low : *number >= range.low;
  if (is_above && *number <= range.high) return number;
  reject(name, must);
  return std::nullopt;
}

std::optional<std::string> RequestFields::text(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->text() != nullptr) return *value->text();
  reject(name, "must be a string", wrong_type);
  return std::nullopt;
}

const Value::Object* RequestFields::object(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr) return nullptr;
  if (value->object() == nullptr) reject(name, "must be an object", wrong_type);
  return value->object();
}

const Value::Array* RequestFields::array(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr) return nullptr;
  if (value->array() == nullptr) reject(name, "must be an array", wrong_type);
  return value->array();
}

}  // namespace shoal
