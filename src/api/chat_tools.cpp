#include "api/chat_tools.h"

#include <fmt/format.h>

#include <algorithm>

#include "answers/call_reader.h"
#include "grammar/json_schema.h"

namespace shoal {
namespace {

// Checks that an element is an object; `what` describes the object in the error.
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

// Checks a function's name, description and parameters.
void check_function(const Value& given, const std::string& path, std::optional<ApiError>& error) {
  RequestFields function(given, error, path + ".");
  read_function_name(function);
  function.text("description");
  function.object("parameters");
  const Value* parameters = function.find("parameters");
  if (error || !function.boolean("strict").value_or(false) || parameters == nullptr) return;
  if (const Result<Grammar> held = compile_arguments(*parameters, nullptr, Holding::whole); !held) {
    const std::string place = path + ".parameters";
    error =
        ApiError{.status = 400,
                 .message = fmt::format("{} cannot be held to with strict: {}", place, held.error().message),
                 .param = place,
                 .code = "invalid_value"};
  }
}

// Returns an empty value when something is wrong.
Value read_tool(const Value& tool, const std::string& path, std::optional<ApiError>& error) {
  if (!is_object(tool, path, "an object with type and function", error)) return {};
  RequestFields fields(tool, error, path + ".");
  if (fields.text("type") != "function") fields.reject("type", "must be \"function\"");
  if (fields.object("function") == nullptr)
    fields.reject("function", "must be an object with a name", "missing_field");
  if (error) return {};
  check_function(*fields.find("function"), path + ".function", error);
  return tool;
}

// As read_tool(), for OpenAI's form from before tools.
Value read_bare_function(const Value& function, const std::string& path, std::optional<ApiError>& error) {
  if (!is_object(function, path, "an object with a name", error)) return {};
  check_function(function, path, error);
  return Value::Object{{"type", "function"}, {"function", function}};
}

const std::string& name_of(const Value& tool) { return *tool.find("function")->find("name")->text(); }

bool is_strict(const Value& tool) {
  const Value* strict = tool.find("function")->find("strict");
  return strict != nullptr && strict->boolean() != nullptr && *strict->boolean();
}

using ReadTool = Value (*)(const Value& tool, const std::string& path, std::optional<ApiError>& error);

Value::Array read_tools(RequestFields& fields, const char* field, ReadTool read,
                        std::optional<ApiError>& error) {
  Value::Array tools;
  const Value::Array* given = fields.array(field);
  if (given == nullptr) return tools;
  for (size_t i = 0; i < given->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", field, i);
    Value tool = read((*given)[i], path, error);
    if (error) return {};
    if (std::ranges::find(tools, name_of(tool), name_of) != tools.end()) {
      fields.reject_unsupported(field, fmt::format("\"{}\" is there twice", name_of(tool)));
      return {};
    }
    tools.push_back(std::move(tool));
  }
  return tools;
}

// Reads the member `name` of `holder`, which must be one of the tools.
std::string read_known_name(RequestFields& holder, const Value::Array& tools) {
  std::string name = holder.text("name").value_or("");
  if (std::ranges::find(tools, name, name_of) == tools.end())
    holder.reject("name", "must be one of the tools");
  return name;
}

// Reads {"type": "function", "function": {"name": …}}, or the Responses API's form with the name beside the
// type.
std::string read_reference(const Value& reference, const std::string& path, const Value::Array& tools,
                           std::optional<ApiError>& error) {
  RequestFields fields(reference, error, path + ".");
  if (fields.text("type") != "function") fields.reject("type", "must be \"function\"");
  if (fields.find("function") == nullptr && fields.find("name") != nullptr) {
    return read_known_name(fields, tools);
  }
  if (fields.object("function") == nullptr)
    fields.reject("function", "must be an object with a name", "missing_field");
  if (error) return {};
  RequestFields function(*fields.find("function"), error, path + ".function.");
  return read_known_name(function, tools);
}

ToolUse automatic_use(const Value::Array& tools) {
  return {.choice = tools.empty() ? ToolChoice::none : ToolChoice::automatic};
}

ToolUse required_use(const Value::Array& tools) {
  if (tools.size() > 1) return {.choice = ToolChoice::required};
  return {.choice = ToolChoice::named, .function = name_of(tools.front())};  // the only tool can be named
}

// Reads {"type": "allowed_tools", "allowed_tools": {"mode", "tools"}}, or the form with both beside the type.
// Removes all other tools.
ToolUse read_allowed_tools(RequestFields& choice, Value::Array& tools, std::optional<ApiError>& error) {
  const bool is_wrapped = choice.object("allowed_tools") != nullptr;
  const std::string path = is_wrapped ? "tool_choice.allowed_tools" : "tool_choice";
  const Value& holder = is_wrapped ? *choice.find("allowed_tools") : choice.given();
  RequestFields fields(holder, error, path + ".");
  const std::string mode = fields.text("mode").value_or("auto");
  if (mode != "auto" && mode != "required") fields.reject("mode", "must be \"auto\" or \"required\"");
  const Value::Array* references = fields.array("tools");
  if (references == nullptr || references->empty()) {
    fields.reject("tools", "must be an array of at least one tool", "missing_field");
  }
  if (error) return {};
  std::vector<std::string> names;
  for (size_t i = 0; i < references->size() && !error; ++i) {
    const std::string place = fmt::format("{}.tools[{}]", path, i);
    if (!is_object((*references)[i], place, "an object with type and function", error)) break;
    names.push_back(read_reference((*references)[i], place, tools, error));
  }
  if (error) return {};
  std::erase_if(tools,
                [&](const Value& tool) { return std::ranges::find(names, name_of(tool)) == names.end(); });
  return mode == "required" ? required_use(tools) : automatic_use(tools);
}

ToolUse read_choice_object(RequestFields& fields, Value::Array& tools, std::optional<ApiError>& error) {
  const Value& given = *fields.find("tool_choice");
  RequestFields choice(given, error, "tool_choice.");
  if (choice.text("type") == "allowed_tools") return read_allowed_tools(choice, tools, error);
  std::string name = read_reference(given, "tool_choice", tools, error);
  return {.choice = ToolChoice::named, .function = std::move(name)};
}

// Reads tool_choice; may remove tools.
ToolUse read_choice(RequestFields& fields, Value::Array& tools, std::optional<ApiError>& error) {
  const Value* choice = fields.find("tool_choice");
  if (choice == nullptr) return automatic_use(tools);
  if (choice->object() != nullptr) return read_choice_object(fields, tools, error);
  const std::string name = choice->text() != nullptr ? *choice->text() : std::string();
  if (name == "none") return {};
  if (name == "auto") return automatic_use(tools);
  if (name == "required" && !tools.empty()) return required_use(tools);
  if (name == "required") {
    fields.reject_unsupported("tool_choice", "\"required\" is only allowed together with tools");
  } else {
    fields.reject("tool_choice",
                  "must be \"none\", \"auto\", \"required\" or an object that names a function");
  }
  return {};
}

// Reads function_call: "none", "auto" or {"name": …}.
ToolUse read_function_choice(RequestFields& fields, const Value::Array& functions,
                             std::optional<ApiError>& error) {
  const Value* choice = fields.find("function_call");
  if (choice == nullptr || (choice->text() != nullptr && *choice->text() == "auto"))
    return automatic_use(functions);
  if (choice->text() != nullptr && *choice->text() == "none") return {};
  if (choice->object() == nullptr) {
    fields.reject("function_call", "must be \"none\", \"auto\" or an object with a name");
    return {};
  }
  RequestFields named(*choice, error, "function_call.");
  return {.choice = ToolChoice::named, .function = read_known_name(named, functions)};
}

// Reads the function of a call, with its arguments.
Value read_called(const Value& given, const std::string& path, std::optional<ApiError>& error) {
  RequestFields function(given, error, path + ".");
  const auto name = read_function_name(function);
  const Value* arguments = function.find("arguments");
  const bool is_known =
      arguments == nullptr || arguments->text() != nullptr || arguments->object() != nullptr;
  if (!is_known) function.reject("arguments", "must be a string of JSON", "invalid_type");
  if (error) return {};
  return Value::Object{{"name", *name}, {"arguments", arguments == nullptr ? Value("{}") : *arguments}};
}

Value make_call(std::string id, Value called) {
  return Value::Object{{"id", std::move(id)}, {"type", "function"}, {"function", std::move(called)}};
}

// Reads a message's call in OpenAI's form from before tools: only one, without an id, so its place in the
// request serves as id.
Value::Array read_function_call(RequestFields& message, const std::string& path,
                                std::optional<ApiError>& error) {
  if (message.object("function_call") == nullptr) return {};
  Value called = read_called(*message.find("function_call"), path + ".function_call", error);
  if (error) return {};
  return {make_call(path, std::move(called))};
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
  Value called = read_called(*fields.find("function"), path + ".function", error);
  if (error) return {};
  return make_call(*id, std::move(called));
}

}  // namespace

ChatTools read_chat_tools(RequestFields& fields, const OutputFormat& output, std::optional<ApiError>& error) {
  ChatTools read;
  const Value* functions = fields.find("functions");
  read.are_functions = functions != nullptr && functions->array() != nullptr && !functions->array()->empty();
  if (read.are_functions) {
    if (const Value::Array* tools = fields.array("tools"); tools != nullptr && !tools->empty()) {
      fields.reject_unsupported("functions", "is not allowed together with tools");
    }
    read.tools = read_tools(fields, "functions", read_bare_function, error);
    read.use = read_function_choice(fields, read.tools, error);
  } else {
    fields.array("functions");
    read.tools = read_tools(fields, "tools", read_tool, error);
    read.use = read_choice(fields, read.tools, error);
    if (fields.find("function_call") != nullptr) read_function_choice(fields, read.tools, error);
  }
  read.use.is_parallel = !read.are_functions && fields.boolean("parallel_tool_calls").value_or(true);
  if (read.use.choice == ToolChoice::none) read.tools.clear();
  const bool is_held = read.use.choice == ToolChoice::required || read.use.choice == ToolChoice::named ||
                       std::ranges::any_of(read.tools, is_strict);
  const bool is_needed = is_held || !read.use.is_parallel || output.kind != OutputKind::free_text;
  if (is_needed && !read.tools.empty()) read.use.functions = format_json(read.tools);
  return read;
}

Value::Array read_tool_calls(RequestFields& message, const std::string& path,
                             std::optional<ApiError>& error) {
  Value::Array calls;
  const Value::Array* given = message.array("tool_calls");
  if (given == nullptr) return read_function_call(message, path, error);
  for (size_t i = 0; i < given->size() && !error; ++i) {
    calls.push_back(read_call((*given)[i], fmt::format("{}.tool_calls[{}]", path, i), error));
  }
  return calls;
}

void name_tool_results(Value::Array& messages) {
  using NamedCall = std::pair<std::string, std::string>;  // id and name
  std::vector<NamedCall> made;
  for (Value& message : messages) {
    if (const Value* calls = message.find("tool_calls"); calls != nullptr && calls->array() != nullptr) {
      for (const Value& call : *calls->array()) made.emplace_back(*call.find("id")->text(), name_of(call));
    }
    if (*message.find("role")->text() != "tool") continue;
    const Value* id = message.find("tool_call_id");
    const Value* name = message.find("name");
    if (id == nullptr) {
      const auto found = std::ranges::find(made.rbegin(), made.rend(), *name->text(), &NamedCall::second);
      message.set("tool_call_id", found != made.rend() ? found->first : *name->text());
    } else if (name == nullptr) {
      const auto found = std::ranges::find(made.rbegin(), made.rend(), *id->text(), &NamedCall::first);
      if (found != made.rend()) message.set("name", found->second);
    }
  }
}

}  // namespace shoal
