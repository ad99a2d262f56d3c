#include "answers/described_tools.h"

#include <fmt/format.h>

#include "json/members.h"

namespace shoal {
namespace {

// Describes each tool on a line of its own.
std::string describe(const Value::Array& tools) {
  std::string text =
      "You can call functions. These are there, with JSON schemas of their arguments:\n<tools>\n";
  for (const Value& tool : tools) {
    const Value* function = tool.find("function");
    text += format_json(function == nullptr ? tool : *function, JsonStyle{});
    text += '\n';
  }
  text +=
      "</tools>\nTo call one, write its name and its arguments as JSON between these tags, and nothing "
      "else:\n<tool_call>\n{\"name\": \"the name\", \"arguments\": {…}}\n</tool_call>";
  return text;
}

std::string written_call(const Value& call) {
  const Value* function = call.find("function");
  if (function == nullptr) return {};
  const Value* arguments = function->find("arguments");
  std::string json = "{}";
  if (arguments != nullptr)
    json = arguments->text() != nullptr ? *arguments->text() : format_json(*arguments, JsonStyle{});
  return fmt::format("<tool_call>\n{{\"name\": {}, \"arguments\": {}}}\n</tool_call>",
                     format_json_text(text_member(*function, "name"), /*ascii_only=*/false), json);
}

Value as_text(const Value& message) {
  std::string content = text_member(message, "content");
  if (text_member(message, "role") == "tool") {
    return Value::Object{{"role", "user"},
                         {"content", fmt::format("<tool_response>\n{}\n</tool_response>", content)}};
  }
  const Value* calls = message.find("tool_calls");
  if (calls == nullptr || calls->array() == nullptr) return message;
  for (const Value& call : *calls->array()) {
    if (!content.empty()) content += '\n';
    content += written_call(call);
  }
  Value plain = message;
  std::erase_if(*plain.object(), [](const Value::Member& member) { return member.first == "tool_calls"; });
  plain.set("content", std::move(content));
  return plain;
}

}  // namespace

Value with_described_tools(Value context) {
  const Value* messages = context.find("messages");
  const Value* tools = context.find("tools");
  if (messages == nullptr || messages->array() == nullptr) return context;
  Value::Array plain;
  for (const Value& message : *messages->array()) plain.push_back(as_text(message));
  if (tools != nullptr && tools->array() != nullptr) {
    std::string description = describe(*tools->array());
    const bool has_system = !plain.empty() && text_member(plain.front(), "role") == "system";
    if (has_system) {
      plain.front().set("content", text_member(plain.front(), "content") + "\n\n" + description);
    } else {
      plain.insert(plain.begin(), Value::Object{{"role", "system"}, {"content", std::move(description)}});
    }
    std::erase_if(*context.object(), [](const Value::Member& member) { return member.first == "tools"; });
  }
  context.set("messages", std::move(plain));
  return context;
}

}  // namespace shoal
