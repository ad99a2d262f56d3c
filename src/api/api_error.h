// Errors as OpenAI's clients expect them: a status and {"error": {message, type, param, code}}.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "base/error.h"

namespace shoal {

struct ApiError {
  int32_t status;
  std::string message;
  std::optional<std::string> param;  // the field of the request that is wrong: "messages[0].role"
  std::optional<std::string> code;   // for programs: "model_not_found"
  int64_t retry_after_s = 1;         // told with 429 and 503

  bool operator==(const ApiError&) const = default;
};

template <class T>
using ApiResult = std::expected<T, ApiError>;

int32_t http_status(ErrorCode code);
ApiError to_api_error(const Error& error);
// Of a request for text: where only the model's node could tell what is wrong, its message says of which
// field.
ApiError to_request_error(const Error& error, std::string_view prompt_field);

// {"error": …}, the same in a response's body and in a stream's last event.
std::string format_error(const ApiError& error);
// With Retry-After where trying again may help.
HttpResponse error_response(const ApiError& error);

}  // namespace shoal
