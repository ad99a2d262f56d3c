// The parts of a chat request that are about tools: which there are, how they may be used, calls that were
// made and what came of them. Pure.
#pragma once

#include <optional>
#include <string>

#include "api/api_error.h"
#include "api/request_fields.h"
#include "text/calls/tool_use.h"
#include "text/value.h"

namespace shoal {

struct ChatTools {
  Value::Array tools;  // {"type": "function", "function": {"name", …}}; none where none may be called
  ToolUse use;
};

// tools, tool_choice and parallel_tool_calls.
ChatTools read_chat_tools(RequestFields& fields, std::optional<ApiError>& error);

// An assistant message's tool_calls, in the shape that templates take; empty where there are none.
Value::Array read_tool_calls(RequestFields& message, const std::string& path, std::optional<ApiError>& error);

// Tool messages get the name of the function whose call they answer, where the client has given none.
void name_tool_results(Value::Array& messages);

}  // namespace shoal
