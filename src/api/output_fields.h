// Reads the form that a request wants of the answer, in OpenAI's fields and in those of other servers. Pure.
#pragma once

#include <optional>

#include "api/api_error.h"
#include "api/request_fields.h"
#include "grammar/output_format.h"

namespace shoal {

// Reads response_format, llama.cpp's grammar and json_schema, vLLM's guided_… and structured_outputs,
// SGLang's regex and ebnf, Ollama's format, TGI's {"type", "value"}. The form is also compiled here, so that
// an error comes at once and names its field. A second form beside the first is an error.
OutputFormat read_output(RequestFields& fields, std::optional<ApiError>& error);

}  // namespace shoal
