#include "answers/chat_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/members.h"
#include "json/white_space.h"

namespace shoal {
namespace {

// Marks the argument in the conversation that a template is tried with.
constexpr std::string_view probe = "needle";

const Value::Array* calls_of(const Value& message) {
  const Value* calls = message.find("tool_calls");
  return calls != nullptr && calls->array() != nullptr && !calls->array()->empty() ? calls->array() : nullptr;
}

// Mistral's templates insist on nine letters and digits: the id itself, or nine made of it.
std::string nine_letters(const std::string& id) {
  constexpr std::string_view id_letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr size_t id_length = 9;
  const auto is_letter = [&](char byte) { return id_letters.find(byte) != std::string_view::npos; };
  if (id.size() == id_length && std::ranges::all_of(id, is_letter)) return id;
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char byte : id) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  std::string letters;
  for (size_t i = 0; i < id_length; ++i, hash /= id_letters.size())
    letters += id_letters[hash % id_letters.size()];
  return letters;
}

void set_arguments(ArgumentForm form, Value& function) {
  const Value* arguments = function.find("arguments");
  if (arguments == nullptr) return;
  if (form == ArgumentForm::text) {
    if (arguments->text() == nullptr) function.set("arguments", format_json(*arguments, JsonStyle{}));
    return;
  }
  if (arguments->text() == nullptr) return;
  const bool is_empty = trim_white_space(*arguments->text()).empty();
  Result<Value> object = is_empty ? Value(Value::Object{}) : parse_json(*arguments->text());
  if (object && object->object() != nullptr) function.set("arguments", *std::move(object));
}

void adapt_message(const CallFormat& format, ArgumentForm form, Value& message) {
  if (calls_of(message) != nullptr) {
    Value::Array calls = *calls_of(message);
    for (Value& call : calls) {
      if (const Value* function = call.find("function");
          function != nullptr && function->object() != nullptr) {
        Value changed = *function;
        set_arguments(form, changed);
        call.set("function", std::move(changed));
      }
      if (format.ids == CallIdStyle::nine_letters) call.set("id", nine_letters(text_member(call, "id")));
    }
    message.set("tool_calls", std::move(calls));
  }
  if (text_member(message, "role") == "tool" && format.ids == CallIdStyle::nine_letters) {
    message.set("tool_call_id", nine_letters(text_member(message, "tool_call_id")));
  }
}

// For gpt-oss, content before a call was thinking and goes by that name.
void rename_thinking(Value& message) {
  if (text_member(message, "role") != "assistant") return;
  std::string thinking = text_member(message, "reasoning_content");
  if (calls_of(message) != nullptr) {
    const std::string content = text_member(message, "content");
    if (!thinking.empty() && !content.empty()) thinking += "\n";
    thinking += content;
    message.set("content", "");
  }
  if (!thinking.empty()) message.set("thinking", std::move(thinking));
}

// The template of gpt-oss joins descriptions without asking whether they are there.
Value with_descriptions(const Value::Array& given) {
  Value::Array tools = given;
  for (Value& tool : tools) {
    const Value* function = tool.find("function");
    if (function == nullptr || function->object() == nullptr || function->find("description") != nullptr)
      continue;
    Value described = *function;
    described.set("description", "");
    tool.set("function", std::move(described));
  }
  return tools;
}

// Splits an assistant's message with several calls into several messages, each before its own result.
void split_calls(const Value& message, const Value::Array& calls, Value::Array& results,
                 Value::Array& messages) {
  for (size_t i = 0; i < calls.size(); ++i) {
    Value one = message;
    if (i > 0) {
      one.set("content", "");
      std::erase_if(*one.object(), [](const Value::Member& member) {
        return member.first == "thinking" || member.first == "reasoning_content";
      });
    }
    one.set("tool_calls", Value::Array{calls[i]});
    messages.push_back(std::move(one));
    const std::string id = text_member(calls[i], "id");
    const auto result = std::ranges::find_if(
        results, [&](const Value& candidate) { return text_member(candidate, "tool_call_id") == id; });
    if (result == results.end()) continue;
    messages.push_back(std::move(*result));
    results.erase(result);
  }
}

Value::Array with_one_call_a_message(const Value::Array& given) {
  Value::Array messages;
  for (size_t i = 0; i < given.size(); ++i) {
    const Value::Array* calls = calls_of(given[i]);
    if (calls == nullptr || calls->size() < 2) {
      messages.push_back(given[i]);
      continue;
    }
    Value::Array results;
    while (i + results.size() + 1 < given.size() &&
           text_member(given[i + results.size() + 1], "role") == "tool") {
      results.push_back(given[i + results.size() + 1]);
    }
    const size_t result_count = results.size();
    split_calls(given[i], *calls, results, messages);
    messages.insert(messages.end(), results.begin(), results.end());
    i += result_count;
  }
  return messages;
}

Value probe_context(Value arguments) {
  Value::Object function{{"name", "f"}, {"arguments", std::move(arguments)}};
  Value call = Value::Object{{"id", "abcdef123"}, {"type", "function"}, {"function", std::move(function)}};
  Value tool = Value::Object{
      {"type", "function"},
      {"function",
       Value::Object{{"name", "f"},
                     {"description", "d"},
                     {"parameters", Value::Object{{"type", "object"}, {"properties", Value::Object{}}}}}}};
  Value::Array messages{
      Value::Object{{"role", "user"}, {"content", "x"}},
      Value::Object{{"role", "assistant"}, {"content", ""}, {"tool_calls", Value::Array{std::move(call)}}},
      Value::Object{{"role", "tool"}, {"tool_call_id", "abcdef123"}, {"name", "f"}, {"content", "y"}}};
  return Value::Object{{"messages", std::move(messages)},
                       {"tools", Value::Array{std::move(tool)}},
                       {"add_generation_prompt", true},
                       {"bos_token", ""},
                       {"eos_token", ""}};
}

}  // namespace

ArgumentForm find_argument_form(const ChatTemplate& chat_template, const AnswerStyle& format) {
  if (format.calls == CallStyle::none) return ArgumentForm::object;
  const Value object = Value::Object{{std::string(probe), "v"}};
  const Result<std::string> by_object = chat_template.render(probe_context(object));
  const bool is_python = by_object && by_object->find(fmt::format("'{}'", probe)) != std::string::npos;
  const bool is_escaped = by_object && by_object->find("&#34;") != std::string::npos;
  if (by_object && !is_python && !is_escaped) return ArgumentForm::object;
  const bool takes_text = chat_template.render(probe_context(format_json(object))).has_value();
  return takes_text ? ArgumentForm::text : ArgumentForm::object;
}

Value adapt_chat_context(Value context, const AnswerStyle& format, ArgumentForm form) {
  const Value* given = context.find("messages");
  if (given == nullptr || given->array() == nullptr) return context;
  const CallFormat& calls = call_format(format.calls);
  Value::Array messages = *given->array();
  for (Value& message : messages) {
    if (message.object() == nullptr) continue;
    adapt_message(calls, form, message);
    if (format.calls == CallStyle::harmony) rename_thinking(message);
  }
  const Value* tools = context.find("tools");
  if (format.calls == CallStyle::harmony && tools != nullptr && tools->array() != nullptr) {
    context.set("tools", with_descriptions(*tools->array()));
  }
  if (calls.has_one_call_a_message) messages = with_one_call_a_message(messages);
  context.set("messages", std::move(messages));
  return context;
}

PromptEnd read_prompt_end(std::string_view prompt, const AnswerStyle& format) {
  const ThinkingMarks marks = thinking_marks(format.thinking);
  if (marks.open.empty()) return {};
  const std::string_view end = trim_white_space(prompt);
  if (end.ends_with(marks.open)) return {.thinking = ThinkingState::open, .already = std::string(marks.open)};
  return {.thinking = end.ends_with(marks.close) ? ThinkingState::none : ThinkingState::possible};
}

}  // namespace shoal
