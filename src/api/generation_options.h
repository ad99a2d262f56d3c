// Reads the settings that all requests for text have in common, whatever their route: which model, how to
// sample, when to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/request_fields.h"
#include "service/service_request.h"

namespace shoal {

inline constexpr int64_t maximum_choices = 128;
inline constexpr int64_t maximum_top_logprobs = 20;

struct GenerationOptions {
  std::optional<std::string> model;
  // read_generation_options() leaves default_temperature, which is the server's, and max_tokens and
  // top_logprobs, which each route reads in its own way.
  RequestSettings settings;
  bool is_stream = false;
  bool includes_usage = false;     // the stream ends with an event of the token counts
  bool includes_progress = false;  // the stream begins at once, with comments about the model's loading
};

// Reads all options except max_tokens and logprobs.
GenerationOptions read_generation_options(RequestFields& fields, std::optional<ApiError>& error);

// Reads max_tokens under any name that servers have for it; `standard` when the request has none. nullopt, or
// -1 in the request, means no limit.
std::optional<int64_t> read_max_tokens(RequestFields& fields, std::optional<int64_t> standard);
void check_token_limits(RequestFields& fields, const RequestSettings& settings);

// The body as an object, into which the members of Ollama's "options" have been moved unless it has members
// of the same names; a 400 when it is no object.
ApiResult<Value> parse_generation_request(std::string_view body);

}  // namespace shoal
