// What requests for text have in common, whatever their route: which model, how to sample, when to stop.
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
  // default_temperature is the server's, not set here; each route has its own way to ask for max_tokens and
  // top_logprobs.
  RequestSettings settings;
  bool is_stream = false;
  bool includes_usage = false;  // in the stream's last event
  bool includes_progress =
      false;  // the stream begins at once, with comments that tell of the model's loading
};

// Everything but max_tokens and logprobs.
GenerationOptions read_generation_options(RequestFields& fields, std::optional<ApiError>& error);

// In whatever server's spelling. -1 is no limit, as nullopt is; `standard` where the client says nothing.
std::optional<int64_t> read_max_tokens(RequestFields& fields, std::optional<int64_t> standard);
void check_token_limits(RequestFields& fields, const RequestSettings& settings);

// The body as an object, in which members of Ollama's "options" are fields of the request unless it has them
// itself.
ApiResult<Value> parse_generation_request(std::string_view body);

}  // namespace shoal
