#include "cli/conversation_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/similar.h"
#include "json/value.h"

namespace shoal {
namespace {

constexpr std::string_view blanks = " \t\n";

constexpr const char* help_text = R"(/set             what can be set: parameters, the system message and more
/show            the model, its parameters or the system message
/load MODEL      go on with another model
/clear           forget what was said
/bye             end the conversation (as Ctrl-D)
/? shortcuts     the keys of this line

""" begins a text of several lines, and another """ ends it. A pasted block is one question. Ctrl-C stops an answer.)";

constexpr const char* shortcuts_text =
    R"(Up, Down         earlier questions        Ctrl-R           look for one
Ctrl-A, Ctrl-E   begin, end of the line   Ctrl-W, Ctrl-U   delete a word, all
Ctrl-L           clear the screen         Ctrl-C           leave the line; stop the answer
Ctrl-D           end the conversation)";

constexpr const char* set_text =
    R"(/set parameter NAME VALUE   temperature, top_p, top_k, min_p, seed, num_predict, repeat_penalty,
                            presence_penalty, frequency_penalty, stop
/set system TEXT            the system message (""" for several lines)
/set think, nothink         whether a model that can think does
/set format json, noformat  answers are JSON
/set verbose, quiet         tell the speed after each answer, or not
/set history, nohistory     keep what is typed for the arrow keys, or not)";

constexpr const char* show_text = R"(/show info         the model
/show parameters   what was set with /set parameter
/show system       the system message)";

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Removes the first word from `rest` and returns it.
std::string take_word(std::string_view& rest) {
  rest = trim(rest);
  const size_t end = std::min(rest.find_first_of(blanks), rest.size());
  const std::string word(rest.substr(0, end));
  rest = trim(rest.substr(end));
  return word;
}

std::string_view unquote(std::string_view text) {
  for (const std::string_view quote : {std::string_view("\"\"\""), std::string_view("\"")}) {
    if (text.size() < 2 * quote.size() || !text.starts_with(quote) || !text.ends_with(quote)) continue;
    return trim(text.substr(quote.size(), text.size() - 2 * quote.size()));
  }
  return text;
}

CommandReply say(std::string text) { return {.text = std::move(text)}; }

enum class ParameterKind : uint8_t { integer, number, text };

struct Parameter {
  std::string name;    // Ollama's name
  std::string member;  // of a request to the API
  ParameterKind kind;
};

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> all{{"temperature", "temperature", ParameterKind::number},
                                          {"top_p", "top_p", ParameterKind::number},
                                          {"top_k", "top_k", ParameterKind::integer},
                                          {"min_p", "min_p", ParameterKind::number},
                                          {"seed", "seed", ParameterKind::integer},
                                          {"num_predict", "max_tokens", ParameterKind::integer},
                                          {"max_tokens", "max_tokens", ParameterKind::integer},
                                          {"repeat_penalty", "repetition_penalty", ParameterKind::number},
                                          {"repetition_penalty", "repetition_penalty", ParameterKind::number},
                                          {"presence_penalty", "presence_penalty", ParameterKind::number},
                                          {"frequency_penalty", "frequency_penalty", ParameterKind::number},
                                          {"stop", "stop", ParameterKind::text}};
  return all;
}

// Whether the whole text is one number of that kind.
bool is_number(std::string_view text, ParameterKind kind) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  int64_t integer = 0;
  double number = 0;
  const auto read = kind == ParameterKind::integer
                        ? std::from_chars(begin, end, integer)
                        : std::from_chars(begin, end, number, std::chars_format::fixed);
  return read.ec == std::errc() && read.ptr == end;
}

CommandReply set_parameter(std::string_view rest, ConversationState& state) {
  const std::string name = take_word(rest);
  if (name.empty()) return say(set_text);
  const auto found = std::ranges::find(parameters(), name, &Parameter::name);
  if (found == parameters().end()) {
    if (name == "num_ctx")
      return say("num_ctx: the context is set where a node starts, with --context-length");
    std::vector<std::string> names;
    for (const Parameter& parameter : parameters()) names.push_back(parameter.name);
    return say(fmt::format("there is no parameter {}{}\n{}", name, did_you_mean(name, names), set_text));
  }
  const std::string value(unquote(rest));
  if (value.empty()) return say(fmt::format("/set parameter {} VALUE: the value is missing", name));
  if (found->kind == ParameterKind::text) {
    state.settings[found->member] = format_json(Value::Array{Value(value)});
  } else if (is_number(value, found->kind)) {
    state.settings[found->member] = value;
    // A negative value is Ollama's "as many as there are".
    if (found->member == "max_tokens" && value.starts_with('-')) state.settings.erase(found->member);
  } else {
    return say(fmt::format("{}: '{}' is no {}number", name, value,
                           found->kind == ParameterKind::integer ? "whole " : ""));
  }
  return say(fmt::format("{} is {} from now on", name, value));
}

CommandReply set(std::string_view rest, ConversationState& state) {
  static const std::vector<std::string> names{"parameter", "system",    "think",    "nothink",
                                              "format",    "noformat",  "verbose",  "quiet",
                                              "history",   "nohistory", "wordwrap", "nowordwrap"};
  const std::string what = take_word(rest);
  if (what.empty()) return say(set_text);
  if (what == "parameter") return set_parameter(rest, state);
  if (what == "system") {
    state.system = unquote(rest);
    return say(state.system.empty() ? "there is no system message now" : "the system message is set");
  }
  if (what == "think" || what == "nothink") {
    state.settings["enable_thinking"] = what == "think" ? "true" : "false";
    return say(what == "think" ? "models that can think do" : "models that can think are asked not to");
  }
  if (what == "format" && rest == "json") {
    state.settings["response_format"] = R"({"type": "json_object"})";
    return say("answers are JSON from now on");
  }
  if (what == "format") return say("/set format json: no other format is known");
  if (what == "noformat") {
    state.settings.erase("response_format");
    return say("answers are as the model writes them");
  }
  if (what == "verbose" || what == "quiet") {
    state.tells_speed = what == "verbose";
    return say(state.tells_speed ? "the speed is told after each answer" : "the speed is not told any more");
  }
  if (what == "history" || what == "nohistory") {
    state.keeps_history = what == "history";
    return say(state.keeps_history ? "what is typed is kept for the arrow keys"
                                   : "what is typed is not kept");
  }
  if (what == "wordwrap" || what == "nowordwrap") return say("lines are wrapped by the terminal");
  return say(fmt::format("/set {}: there is no such thing{}\n{}", what, did_you_mean(what, names), set_text));
}

CommandReply show(std::string_view rest, const ConversationState& state) {
  const std::string what = take_word(rest);
  if (what.empty() || what == "info") return {.effect = CommandEffect::show_model};
  if (what == "system") return say(state.system.empty() ? "there is no system message" : state.system);
  if (what == "parameters") {
    std::string text;
    for (const auto& [name, value] : state.settings)
      text += fmt::format("{}{} {}", text.empty() ? "" : "\n", name, value);
    return say(text.empty() ? "nothing was set; the model's own parameters hold" : text);
  }
  if (what == "template" || what == "license" || what == "modelfile") {
    return say(fmt::format(
        "/show {}: it is in the model's files; `shoal inspect MODEL` and `shoal render MODEL` look "
        "into them",
        what));
  }
  return say(fmt::format("/show {}: there is no such thing\n{}", what, show_text));
}

CommandReply help(std::string_view rest) {
  const std::string what = take_word(rest);
  if (what == "shortcuts") return say(shortcuts_text);
  if (what == "set" || what == "/set") return say(set_text);
  if (what == "show" || what == "/show") return say(show_text);
  return say(help_text);
}

CommandReply load(std::string_view rest, ConversationState& state) {
  if (rest.empty()) return say("/load MODEL: the model is missing");
  state.model = std::string(rest);
  state.messages.clear();
  return say(fmt::format("a new conversation with {}", rest));
}

}  // namespace

bool is_conversation_command(std::string_view line) {
  if (!line.starts_with('/')) return false;
  const std::string_view word = line.substr(1, line.find_first_of(blanks) - 1);
  return word.find('/') == std::string_view::npos;
}

CommandReply run_conversation_command(std::string_view line, ConversationState& state) {
  static const std::vector<std::string> names{"/help", "/set", "/show", "/load", "/clear", "/bye", "/exit"};
  std::string_view rest = line;
  const std::string command = take_word(rest);
  if (command == "/bye" || command == "/exit" || command == "/quit") return {.effect = CommandEffect::leave};
  if (command == "/?" || command == "/help") return help(rest);
  if (command == "/set") return set(rest, state);
  if (command == "/show") return show(rest, state);
  if (command == "/load") return load(rest, state);
  if (command == "/clear") {
    state.messages.clear();
    return say("what was said is forgotten");
  }
  if (command == "/save") return say("/save: conversations are not kept in files");
  return say(fmt::format("there is no command {}{} /? lists them", command,
                         find_similar(command, names) ? did_you_mean(command, names) : ";"));
}

}  // namespace shoal
