// Reads the parts of a chat request that are about tools: which tools there are, how they may be used, calls
// that were made and their results. Pure.
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
  Value::Array tools;  // {"type": "function", "function": {"name", …}}; empty when none may be called
  ToolUse use;
  // Given in OpenAI's form from before tools; the answer's call is written so, too.
  bool are_functions = false;
};

// Reads tools, tool_choice and parallel_tool_calls, or functions and function_call. `output` is the form that
// the request wants of the text.
ChatTools read_chat_tools(RequestFields& fields, const OutputFormat& output, std::optional<ApiError>& error);

// An assistant message's tool_calls, or its function_call as the only one of them, as templates take them;
// empty when there are none.
Value::Array read_tool_calls(RequestFields& message, const std::string& path, std::optional<ApiError>& error);

// Gives each tool message the name of the function whose call it answers, if the client gave none; one that
// answers a function_call by name gets that call's id.
void name_tool_results(Value::Array& messages);

}  // namespace shoal
