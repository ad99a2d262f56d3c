#include "api/chat_tools.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/calls/call_reader.h"
#include "text/grammar/json_schema.h"

namespace shoal {
namespace {

// An element that must be an object with fields.
bool is_object(const Value& value, const std::string& path, std::string_view what,
               std::optional<ApiError>& error) {
  if (value.object() != nullptr) return true;
  error = ApiError{.status = 400,
                   .message = fmt::format("{} must be {}, not {}", path, what, describe_value(value)),
                   .param = path,
                   .code = "invalid_type"};
  return false;
}

std::optional<std::string> read_function_name(RequestFields& function) {
  const auto name = function.text("name");
  if (!name || !is_call_name(*name)) function.reject("name", "must be the name of a function, in one word");
  return name;
}

// Empty where something is wrong.
Value read_tool(const Value& tool, const std::string& path, std::optional<ApiError>& error) {
  if (!is_object(tool, path, "an object with type and function", error)) return {};
  RequestFields fields(tool, error, path + ".");
  if (fields.text("type") != "function") fields.reject("type", "must be \"function\"");
  if (fields.object("function") == nullptr)
    fields.reject("function", "must be an object with a name", "missing_field");
  if (error) return {};
  RequestFields function(*fields.find("function"), error, path + ".function.");
  read_function_name(function);
  function.text("description");
  function.object("parameters");
  const Value* parameters = function.find("parameters");
  if (error || !function.boolean("strict").value_or(false) || parameters == nullptr) return tool;
  if (const Result<Grammar> held = compile_arguments(*parameters, nullptr); !held) {
    const std::string place = path + ".function.parameters";
    error =
        ApiError{.status = 400,
                 .message = fmt::format("{} cannot be held to with strict: {}", place, held.error().message),
                 .param = place,
                 .code = "invalid_value"};
  }
  return tool;
}

const std::string& name_of(const Value& tool) { return *tool.find("function")->find("name")->text(); }

bool is_strict(const Value& tool) {
  const Value* strict = tool.find("function")->find("strict");
  return strict != nullptr && strict->boolean() != nullptr && *strict->boolean();
}

Value::Array read_tools(RequestFields& fields, std::optional<ApiError>& error) {
  Value::Array tools;
  const Value::Array* given = fields.array("tools");
  if (given == nullptr) return tools;
  for (size_t i = 0; i < given->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    Value tool = read_tool((*given)[i], path, error);
    if (error) return {};
    if (std::ranges::find(tools, name_of(tool), name_of) != tools.end()) {
      fields.reject_unsupported("tools", fmt::format("\"{}\" is there twice", name_of(tool)));
      return {};
    }
    tools.push_back(std::move(tool));
  }
  return tools;
}

// {"type": "function", "function": {"name": …}}
ToolUse read_named_choice(RequestFields& fields, const Value::Array& tools, std::optional<ApiError>& error) {
  RequestFields choice(*fields.find("tool_choice"), error, "tool_choice.");
  if (choice.text("type") != "function") choice.reject("type", "must be \"function\"");
  if (choice.object("function") == nullptr)
    choice.reject("function", "must be an object with a name", "missing_field");
  if (error) return {};
  RequestFields function(*choice.find("function"), error, "tool_choice.function.");
  const std::string name = function.text("name").value_or("");
  if (std::ranges::find(tools, name, name_of) == tools.end())
    function.reject("name", "must be one of the tools");
  return {.choice = ToolChoice::named, .function = name};
}

ToolUse read_choice(RequestFields& fields, const Value::Array& tools, std::optional<ApiError>& error) {
  const Value* choice = fields.find("tool_choice");
  const ToolUse automatic{.choice = tools.empty() ? ToolChoice::none : ToolChoice::automatic};
  if (choice == nullptr) return automatic;
  if (choice->object() != nullptr) return read_named_choice(fields, tools, error);
  const std::string name = choice->text() != nullptr ? *choice->text() : std::string();
  if (name == "none") return {};
  if (name == "auto") return automatic;
  if (name == "required" && tools.size() == 1) {  // names it as well
    return {.choice = ToolChoice::named, .function = name_of(tools.front())};
  }
  if (name == "required" && !tools.empty()) return {.choice = ToolChoice::required};
  if (name == "required") {
    fields.reject_unsupported("tool_choice", "\"required\" is only allowed together with tools");
  } else {
    fields.reject("tool_choice",
                  "must be \"none\", \"auto\", \"required\" or an object that names a function");
  }
  return {};
}

Value read_call(const Value& call, const std::string& path, std::optional<ApiError>& error) {
  if (!is_object(call, path, "an object with id and function", error)) return {};
  RequestFields fields(call, error, path + ".");
  const auto id = fields.text("id");
  if (!id) fields.reject("id", "must be a string", "missing_field");
  if (const auto type = fields.text("type"); type && *type != "function") {
    fields.reject("type", "must be \"function\"");
  }
  if (fields.object("function") == nullptr)
    fields.reject("function", "must be an object with a name", "missing_field");
  if (error) return {};
  RequestFields function(*fields.find("function"), error, path + ".function.");
  const auto name = read_function_name(function);
  const Value* arguments = function.find("arguments");
  const bool is_known =
      arguments == nullptr || arguments->text() != nullptr || arguments->object() != nullptr;
  if (!is_known) function.reject("arguments", "must be a string of JSON", "invalid_type");
  if (error) return {};
  return Value::Object{
      {"id", *id},
      {"type", "function"},
      {"function",
       Value::Object{{"name", *name}, {"arguments", arguments == nullptr ? Value("{}") : *arguments}}}};
}

}  // namespace

ChatTools read_chat_tools(RequestFields& fields, std::optional<ApiError>& error) {
  ChatTools read{.tools = read_tools(fields, error), .use = {}};
  read.use = read_choice(fields, read.tools, error);
  read.use.is_parallel = fields.boolean("parallel_tool_calls").value_or(true);
  if (read.use.choice == ToolChoice::none) read.tools.clear();
  const bool is_held = read.use.choice == ToolChoice::required || read.use.choice == ToolChoice::named ||
                       std::ranges::any_of(read.tools, is_strict);
  const bool is_needed = is_held || !read.use.is_parallel || fields.find("response_format") != nullptr ||
                         fields.find("grammar") != nullptr;
  if (is_needed && !read.tools.empty()) read.use.functions = format_json(read.tools);
  return read;
}

Value::Array read_tool_calls(RequestFields& message, const std::string& path,
                             std::optional<ApiError>& error) {
  Value::Array calls;
  const Value::Array* given = message.array("tool_calls");
  if (given == nullptr) return calls;
  for (size_t i = 0; i < given->size() && !error; ++i) {
    calls.push_back(read_call((*given)[i], fmt::format("{}.tool_calls[{}]", path, i), error));
  }
  return calls;
}

void name_tool_results(Value::Array& messages) {
  std::vector<std::pair<std::string, std::string>> names;  // by id, as far as calls were made
  for (Value& message : messages) {
    if (const Value* calls = message.find("tool_calls"); calls != nullptr && calls->array() != nullptr) {
      for (const Value& call : *calls->array()) names.emplace_back(*call.find("id")->text(), name_of(call));
    }
    const Value* id = message.find("tool_call_id");
    if (id == nullptr || message.find("name") != nullptr) continue;
    const auto found = std::ranges::find(names.rbegin(), names.rend(), *id->text(),
                                         [](const auto& entry) { return entry.first; });
    if (found != names.rend()) message.set("name", found->second);
  }
}

}  // namespace shoal
