#include "api/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/template_fields.h"

namespace shoal {
namespace {

// Joins text parts, one per line; an error names a part of another kind.
std::optional<std::string> read_content_parts(const Value::Array& parts, const std::string& path,
                                              std::optional<ApiError>& error) {
  std::string text;
  for (size_t i = 0; i < parts.size() && !error; ++i) {
    const std::string part_path = fmt::format("{}[{}]", path, i);
    if (parts[i].object() == nullptr) {
      error = ApiError{.status = 400,
                       .message = fmt::format("{} must be an object with type and text, not {}", part_path,
                                              describe_value(parts[i])),
                       .param = part_path,
                       .code = "invalid_type"};
      break;
    }
    RequestFields part(parts[i], error, part_path + ".");
    const std::string type = part.text("type").value_or("");
    const bool is_refusal = type == "refusal";
    if (is_refusal || type == "text" || type == "input_text" || type == "output_text") {
      const char* member = is_refusal ? "refusal" : "text";
      const auto piece = part.text(member);
      if (!piece) part.reject(member, "must be a string", "invalid_type");
      if (i > 0) text += '\n';
      text += piece.value_or("");
    } else if (type == "image_url" || type == "input_image" || type == "image") {
      part.reject_unsupported("type", fmt::format("\"{}\": images are not supported yet", type));
    } else {
      part.reject("type", "must be \"text\"");
    }
  }
  return text;
}

// Adds what an assistant thought and called, or which call a tool answers.
void add_tool_members(RequestFields& fields, const std::string& path, Value::Object& message,
                      std::optional<ApiError>& error) {
  const std::string role = *message.front().second.text();
  if (role == "assistant") {
    auto thinking = fields.text("reasoning_content");
    if (!thinking) thinking = fields.text("reasoning");
    if (thinking && !thinking->empty()) message.emplace_back("reasoning_content", std::move(*thinking));
    Value::Array calls = read_tool_calls(fields, path, error);
    if (!calls.empty()) message.emplace_back("tool_calls", std::move(calls));
  }
  if (role != "tool") return;
  auto id = fields.text("tool_call_id");
  if (!id) fields.reject("tool_call_id", "must be the id of the call that is answered", "missing_field");
  message.emplace_back("tool_call_id", id.value_or(""));
}

// The message as templates take it.
Value read_message(const Value& message, const std::string& path, std::optional<ApiError>& error) {
  constexpr std::array<std::string_view, 6> roles{"system",    "developer", "user",
                                                  "assistant", "tool",      "function"};
  RequestFields fields(message, error, path + ".");
  std::string role = fields.text("role").value_or("");
  if (std::ranges::find(roles, role) == roles.end()) {
    fields.reject("role", "must be \"system\", \"developer\", \"user\", \"assistant\" or \"tool\"");
  }
  std::string content;
  if (const Value* value = fields.find("content"); value == nullptr) {
    if (role == "assistant")
      content = fields.text("refusal").value_or("");
    else if (role != "function")
      fields.reject("content", "must be a string or an array of text parts", "missing_field");
  } else if (value->text() != nullptr) {
    content = *value->text();
  } else if (value->array() != nullptr) {
    content = read_content_parts(*value->array(), path + ".content", error).value_or("");
  } else {
    fields.reject("content", "must be a string or an array of text parts", "invalid_type");
  }
  if (role == "developer") role = "system";     // OpenAI's newer name for the same role
  const bool is_function = role == "function";  // an older name of "tool"
  if (is_function) role = "tool";
  Value::Object result{{"role", std::move(role)}, {"content", std::move(content)}};
  if (auto name = fields.text("name")) result.emplace_back("name", std::move(*name));
  if (is_function) {
    if (!fields.find("name")) fields.reject("name", "must be the name of the function", "missing_field");
    return result;
  }
  add_tool_members(fields, path, result, error);
  return result;
}

Value::Array read_messages(RequestFields& fields, std::optional<ApiError>& error) {
  Value::Array messages;
  const Value::Array* given = fields.array("messages");
  if (given == nullptr || given->empty()) {
    fields.reject("messages", "must be an array of at least one message", "missing_field");
    return messages;
  }
  for (size_t i = 0; i < given->size() && !error; ++i) {
    const std::string path = fmt::format("messages[{}]", i);
    if ((*given)[i].object() == nullptr) {
      error = ApiError{.status = 400,
                       .message = fmt::format("{} must be an object with role and content, not {}", path,
                                              describe_value((*given)[i])),
                       .param = path,
                       .code = "invalid_type"};
      break;
    }
    messages.push_back(read_message((*given)[i], path, error));
  }
  if (!error) name_tool_results(messages);
  return messages;
}

std::optional<int64_t> read_top_logprobs(RequestFields& fields) {
  const bool wants_logprobs = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, maximum_top_logprobs);
  if (top && *top > 0 && !wants_logprobs) {
    fields.reject_unsupported("top_logprobs", "is only allowed together with logprobs: true");
  }
  if (!wants_logprobs) return std::nullopt;
  return top.value_or(0);
}

bool is_empty_array(const Value& value) { return value.array() != nullptr && value.array()->empty(); }
bool is_text(const Value& value, std::string_view text) {
  return value.text() != nullptr && *value.text() == text;
}

// Refuses what clients may ask for and we cannot do yet, because it must not be ignored silently.
void refuse_chat_fields(RequestFields& fields) {
  for (const char* name : {"images", "audio"}) {
    if (const Value* value = fields.find(name); value && !is_empty_array(*value)) {
      fields.reject_unsupported(name, "images and sound are not supported yet");
    }
  }
  if (const Value::Array* modalities = fields.array("modalities")) {
    if (std::ranges::any_of(*modalities, [](const Value& value) { return !is_text(value, "text"); })) {
      fields.reject_unsupported("modalities", "modalities other than \"text\" are not supported yet");
    }
  }
}

}  // namespace

ApiResult<ChatRequest> parse_chat_request(std::string_view body) {
  const ApiResult<Value> object = parse_generation_request(body);
  if (!object) return std::unexpected(object.error());
  std::optional<ApiError> error;
  RequestFields fields(*object, error);
  refuse_chat_fields(fields);
  ChatRequest request;
  request.options = read_generation_options(fields, error);
  RequestSettings& settings = request.options.settings;
  settings.max_tokens = read_max_tokens(fields, /*standard=*/std::nullopt);
  settings.top_logprobs = read_top_logprobs(fields);
  request.tools = read_chat_tools(fields, settings.output, error);
  request.messages = read_messages(fields, error);
  request.template_fields = read_template_fields(fields);
  check_token_limits(fields, settings);
  if (error) return std::unexpected(std::move(*error));
  return request;
}

std::string make_chat_context(const ChatRequest& request, const std::optional<std::string>& system_prompt) {
  Value::Array messages = request.messages;
  const bool has_system = std::ranges::any_of(
      messages, [](const Value& message) { return is_text(*message.find("role"), "system"); });
  if (system_prompt && !has_system) {
    messages.insert(messages.begin(), Value::Object{{"role", "system"}, {"content", *system_prompt}});
  }
  Value context = Value::Object{{"messages", std::move(messages)}};
  for (const auto& [name, value] : request.template_fields) context.set(name, value);
  if (!request.tools.tools.empty()) context.set("tools", request.tools.tools);
  return format_json(context);
}

}  // namespace shoal
