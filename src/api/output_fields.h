// What form a request wants of the answer, in OpenAI's words and in those of other servers. Pure.
#pragma once

#include <optional>

#include "api/api_error.h"
#include "api/request_fields.h"
#include "grammar/output_format.h"

namespace shoal {

// response_format, llama.cpp's grammar and json_schema, vLLM's guided_… and structured_outputs, SGLang's
// regex and ebnf, Ollama's format, TGI's {"type", "value"}. Compiled here as well, so that what is wrong is
// told at once and by its field; so is a second form beside the first.
OutputFormat read_output(RequestFields& fields, std::optional<ApiError>& error);

}  // namespace shoal
