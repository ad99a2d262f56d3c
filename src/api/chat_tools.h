// The parts of a chat request that are about tools: which there are, how they may be used, calls that were
// made and what came of them. Pure.
#pragma once

#include <optional>
#include <string>

#include "answers/answer_form.h"
#include "api/api_error.h"
#include "api/request_fields.h"
#include "grammar/output_format.h"
#include "json/value.h"

namespace shoal {

struct ChatTools {
  Value::Array tools;  // {"type": "function", "function": {"name", …}}; none where none may be called
  ToolUse use;
  bool are_functions = false;  // given as OpenAI had it before tools; the answer's call is written so, too
};

// tools, tool_choice and parallel_tool_calls; functions and function_call. `output` is what the request wants
// of the text besides.
ChatTools read_chat_tools(RequestFields& fields, const OutputFormat& output, std::optional<ApiError>& error);

// An assistant message's tool_calls, or its function_call as one of them, in the shape that templates take;
// empty where there are none.
Value::Array read_tool_calls(RequestFields& message, const std::string& path, std::optional<ApiError>& error);

// Tool messages get the name of the function whose call they answer, where the client has given none; those
// that answer a function_call by its name get the call's id.
void name_tool_results(Value::Array& messages);

}  // namespace shoal
