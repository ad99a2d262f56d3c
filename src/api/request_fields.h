// Reads the members of a JSON request one after another. The first wrong one is kept as the error, which
// names the field, its value and what is allowed; all later reads then give nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.h"
#include "json/value.h"

namespace shoal {

struct NumberRange {
  double low;
  double high;
  bool excludes_low = false;
};

class RequestFields {
 public:
  // Errors put `path` in front of members' names: "stream_options.". The object must outlive this one.
  RequestFields(const Value& object, std::optional<ApiError>& error, std::string path = "")
      : object_(object), error_(error), path_(std::move(path)) {}

  // Of several names of one setting, the one that the request uses, or the first if it uses none. An error
  // when two of them have different values.
  std::string_view spelling(std::initializer_list<std::string_view> names);

  // These give nullptr or nullopt when the member is absent, null or wrong.
  const Value* find(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name);
  std::optional<int64_t> integer(std::string_view name, int64_t low, int64_t high);
  std::optional<double> number(std::string_view name, NumberRange range);
  std::optional<std::string> text(std::string_view name);
  const Value::Object* object(std::string_view name);
  const Value::Array* array(std::string_view name);

  // Keeps an error about a member unless there is one already.
  void reject(std::string_view name, std::string_view must, std::string_view code = "invalid_value");
  void reject_unsupported(std::string_view name, std::string_view what);
  bool has_failed() const { return error_.has_value(); }
  const std::string& path() const { return path_; }
  const Value& given() const { return object_; }

 private:
  const Value& object_;
  std::optional<ApiError>& error_;
  const std::string path_;
};

// The request's body, which must be an object; a 400 otherwise.
ApiResult<Value> parse_request_object(std::string_view body);

// A value for an error message: its JSON, cut if it is long.
std::string describe_value(const Value& value);

}  // namespace shoal
