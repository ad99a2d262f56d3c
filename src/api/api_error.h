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
  std::optional<std::string> param;  // the wrong field of the request: "messages[0].role"
  std::optional<std::string> code;   // for programs: "model_not_found"
  int64_t retry_after_s = 1;         // sent with 429 and 503

  bool operator==(const ApiError&) const = default;
};

template <class T>
using ApiResult = std::expected<T, ApiError>;

int32_t http_status(ErrorCode code);
ApiError to_api_error(const Error& error);
// As to_api_error(), for a request for text. Where only the model's node could find what is wrong, its error
// says which field that is; `prompt_field` is what this request calls the prompt.
ApiError to_request_error(const Error& error, std::string_view prompt_field);

// {"error": …}, the same for a response's body and for a stream's last event.
std::string format_error(const ApiError& error);
// Has Retry-After when trying again may help.
HttpResponse error_response(const ApiError& error);

}  // namespace shoal
