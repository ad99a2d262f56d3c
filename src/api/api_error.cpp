#include "api/api_error.h"

#include "answers/context_length.h"
#include "base/retry_advice.h"
#include "json/value.h"

namespace shoal {
namespace {

std::string_view error_type(int32_t status) {
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  if (status >= 500) return "server_error";
  return "invalid_request_error";
}

Value text_or_null(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }

}  // namespace

int32_t http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return 400;
    case ErrorCode::not_found: return 404;
    case ErrorCode::unauthenticated: return 401;
    case ErrorCode::permission_denied: return 403;
    case ErrorCode::resource_exhausted: return 429;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::deadline_exceeded: return 504;
    case ErrorCode::cancelled: return 499;
    case ErrorCode::corrupt_data: return 500;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

ApiError to_api_error(const Error& error) {
  return {.status = http_status(error.code),
          .message = error.message,
          .param = std::nullopt,
          .code = std::string(error_code_name(error.code)),
          .retry_after_s = find_retry_advice(error.message).value_or(1)};
}

ApiError to_request_error(const Error& error, std::string_view prompt_field) {
  ApiError result = to_api_error(error);
  const std::string_view message = error.message;
  if (error.code == ErrorCode::not_found) {
    result.param = "model";
    result.code = "model_not_found";
  } else if (error.code != ErrorCode::invalid_argument) {
    return result;
  } else if (message.starts_with("logit_bias:")) {
    result.param = "logit_bias";
  } else if (message.starts_with("stop_token_ids:")) {
    result.param = "stop_token_ids";
  } else if (message.starts_with("prompt:") || message.starts_with("the prompt ")) {
    result.param = std::string(prompt_field);
  } else if (is_too_long_prompt(error)) {
    result.param = std::string(prompt_field);
    result.code = "context_length_exceeded";  // OpenAI's code
  }
  return result;
}

std::string format_error(const ApiError& error) {
  Value::Object fields{{"message", error.message},
                       {"type", std::string(error_type(error.status))},
                       {"param", text_or_null(error.param)},
                       {"code", text_or_null(error.code)}};
  return format_json(Value::Object{{"error", std::move(fields)}});
}

HttpResponse error_response(const ApiError& error) {
  HttpResponse response{.status = error.status, .body = format_error(error), .headers = {}};
  if (error.status == 429 || error.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  }
  return response;
}

}  // namespace shoal
