#include "answers/call_format.h"

#include <algorithm>

#include "answers/channel_answer.h"
#include "base/check.h"

namespace shoal {
namespace {

constexpr TagNotation function_tags{.before_name = "<function=",
                                    .after_name = ">",
                                    .before_key = "<parameter=",
                                    .after_key = ">",
                                    .before_value = "",
                                    .after_value = "</parameter>",
                                    .after_call = "</function>",
                                    .after_section = "</tool_call>",
                                    .has_lines = true};
constexpr TagNotation seed_tags{.before_name = "<function=",
                                .after_name = ">",
                                .before_key = "<parameter=",
                                .after_key = ">",
                                .before_value = "",
                                .after_value = "</parameter>",
                                .after_call = "</function>",
                                .after_section = "</seed:tool_call>",
                                .has_lines = true,
                                .has_python_values = true};
constexpr TagNotation invoke_tags{.before_name = "<invoke name=\"",
                                  .after_name = "\">",
                                  .before_key = "<parameter name=\"",
                                  .after_key = "\">",
                                  .before_value = "",
                                  .after_value = "</parameter>",
                                  .after_call = "</invoke>",
                                  .after_section = "</minimax:tool_call>",
                                  .has_lines = false};
constexpr TagNotation argument_tags{.before_name = "",
                                    .after_name = "",
                                    .before_key = "<arg_key>",
                                    .after_key = "</arg_key>",
                                    .before_value = "<arg_value>",
                                    .after_value = "</arg_value>",
                                    .after_call = "</tool_call>",
                                    .after_section = "",
                                    .has_lines = false};
constexpr HeaderNotation kimi_header{.before_name = "",
                                     .after_name = "<|tool_call_argument_begin|>",
                                     .is_after_name_optional = false,
                                     .fence = "",
                                     .namespace_dot = "functions.",
                                     .before_id = ""};
constexpr HeaderNotation deep_seek_v3_header{.before_name = "function<｜tool▁sep｜>",
                                             .after_name = "\n",
                                             .is_after_name_optional = true,
                                             .fence = "```json",
                                             .namespace_dot = "",
                                             .before_id = ""};
constexpr HeaderNotation deep_seek_v31_header{.before_name = "",
                                              .after_name = "<｜tool▁sep｜>",
                                              .is_after_name_optional = false,
                                              .fence = "",
                                              .namespace_dot = "",
                                              .before_id = ""};
constexpr HeaderNotation mistral_header{.before_name = "",
                                        .after_name = "[ARGS]",
                                        .is_after_name_optional = true,
                                        .fence = "",
                                        .namespace_dot = "",
                                        .before_id = "[CALL_ID]"};
constexpr JsonNotation json{NameRule::any};
constexpr JsonNotation bare_json{NameRule::known};
constexpr PythonNotation python{NameRule::known};
constexpr CallWriting python_list{.section_begin = "[ ",
                                  .before_name = "",
                                  .after_name = "(",
                                  .after_arguments = ")",
                                  .between = ", ",
                                  .section_end = " ]"};

CallOpener marked(std::string_view marker, CallNotation notation) {
  return {.marker = marker, .is_bare = false, .replayed = "", .notation = notation};
}
CallOpener replayed(std::string_view marker, CallNotation notation) {
  return {.marker = marker, .is_bare = false, .replayed = marker, .notation = notation};
}
CallOpener bare(std::string_view marker, std::string_view replayed, CallNotation notation) {
  return {.marker = marker, .is_bare = true, .replayed = replayed, .notation = notation};
}

// A model has the first row whose signs it has, so the more specific rows come first.
const std::vector<CallFormat>& table() {
  static const std::vector<CallFormat> format_table{
      {.style = CallStyle::none,
       .template_signs = {"\xFF"},  // in no template
       .token_sign = "",
       .openers = {},
       .brackets = {},
       .writing = {}},
      {.style = CallStyle::harmony,  // read by ChannelAnswer
       .template_signs = {"<|channel|>", "<|message|>"},
       .token_sign = "",
       .openers = {},
       .brackets = {},
       .writing = {},
       .has_one_call_a_message = true},
      {.style = CallStyle::kimi,
       .template_signs = {"<|tool_call_argument_begin|>"},
       .token_sign = "",
       .openers = {marked("<|tool_call_begin|>", kimi_header)},
       .brackets = {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_end|>"},
       .writing = {.section_begin = "<|tool_calls_section_begin|> ",
                   .before_name = "<|tool_call_begin|> functions.",
                   .after_name = ":# <|tool_call_argument_begin|> ",
                   .after_arguments = " <|tool_call_end|>",
                   .between = " ",
                   .section_end = " <|tool_calls_section_end|>"},
       .calls_end_thinking = true},
      {.style = CallStyle::deepseek_v3,
       .template_signs = {"<｜tool▁sep｜>", "```json"},
       .token_sign = "",
       .openers = {marked("<｜tool▁call▁begin｜>", deep_seek_v3_header)},
       .brackets = {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "```<｜tool▁call▁end｜>",
                    "<｜tool▁call▁end｜>"},
       .writing = {.section_begin = "<｜tool▁calls▁begin｜> ",
                   .before_name = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
                   .after_name = "~```json\n",
                   .after_arguments = "\n```<｜tool▁call▁end｜>",
                   .between = "\n",
                   .section_end = "\n<｜tool▁calls▁end｜>"},
       .calls_end_thinking = true},
      {.style = CallStyle::deepseek_v31,
       .template_signs = {"<｜tool▁sep｜>"},
       .token_sign = "",
       .openers = {marked("<｜tool▁call▁begin｜>", deep_seek_v31_header)},
       .brackets = {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁end｜>"},
       .writing = {.section_begin = "<｜tool▁calls▁begin｜> ",
                   .before_name = "<｜tool▁call▁begin｜>",
                   .after_name = "<｜tool▁sep｜> ",
                   .after_arguments = " <｜tool▁call▁end｜>",
                   .between = " ",
                   .section_end = " <｜tool▁calls▁end｜>"},
       .calls_end_thinking = true},
      {.style = CallStyle::mistral_named,
       .template_signs = {"[TOOL_CALLS]", "[ARGS]"},
       .token_sign = "",
       .openers = {marked("[TOOL_CALLS]", mistral_header)},
       .brackets = {},
       .writing = {.section_begin = "",
                   .before_name = "[TOOL_CALLS] ",
                   .after_name = "@ [ARGS] ",
                   .after_arguments = "",
                   .between = " ",
                   .section_end = "",
                   .id_begin = "[CALL_ID]",
                   .id_end = ""},
       .ids = CallIdStyle::nine_letters},
      {.style = CallStyle::mistral_list,
       .template_signs = {"[TOOL_CALLS]"},
       .token_sign = "",
       .openers = {marked("[TOOL_CALLS]", json)},
       .brackets = {},
       .writing = {.section_begin = "[TOOL_CALLS] [ ",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = "@ }",
                   .between = ", ",
                   .section_end = " ]",
                   .id_begin = ", \"id\": \"",
                   .id_end = "\""},
       .ids = CallIdStyle::nine_letters},
      {.style = CallStyle::seed,
       .template_signs = {"<seed:tool_call>", "<function="},
       .token_sign = "",
       .openers = {replayed("<function=", seed_tags)},
       .brackets = {"<seed:tool_call>", "</seed:tool_call>"},
       .writing = {.section_begin = "",
                   .before_name = "<seed:tool_call>\n<function=",
                   .after_name = ">",
                   .after_arguments = "\n</function>\n</seed:tool_call>",
                   .between = "\n",
                   .section_end = ""}},
      {.style = CallStyle::qwen_coder,
       .template_signs = {"<tool_call>", "<function=", "<parameter="},
       .token_sign = "",
       .openers = {replayed("<function=", function_tags)},
       .brackets = {"<tool_call>", "</tool_call>"},
       .writing = {.section_begin = "",
                   .before_name = "<tool_call>\n<function=",
                   .after_name = ">",
                   .after_arguments = "\n</function>\n</tool_call>",
                   .between = "\n",
                   .section_end = ""}},
      {.style = CallStyle::minimax,
       .template_signs = {"<minimax:tool_call>", "<invoke name="},
       .token_sign = "",
       .openers = {replayed("<invoke name=\"", invoke_tags)},
       .brackets = {"<minimax:tool_call>", "</minimax:tool_call>"},
       .writing = {.section_begin = "<minimax:tool_call>\n",
                   .before_name = "<invoke name=\"",
                   .after_name = "\">",
                   .after_arguments = "\n</invoke>",
                   .between = "\n",
                   .section_end = "\n</minimax:tool_call>"}},
      {.style = CallStyle::glm,
       .template_signs = {"<tool_call>", "<arg_key>", "<arg_value>"},
       .token_sign = "",
       .openers = {marked("<tool_call>", argument_tags)},
       .brackets = {"</tool_call>"},
       .writing = {.section_begin = "",
                   .before_name = "<tool_call>",
                   .after_name = "",
                   .after_arguments = "\n</tool_call>",
                   .between = "\n",
                   .section_end = ""}},
      {.style = CallStyle::nemotron,
       .template_signs = {"<TOOLCALL>"},
       .token_sign = "",
       .openers = {marked("<TOOLCALL>", json)},
       .brackets = {"</TOOLCALL>"},
       .writing = {.section_begin = "<TOOLCALL> [ ",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = " }",
                   .between = ", ",
                   .section_end = " ] </TOOLCALL>"}},
      {.style = CallStyle::granite,
       .template_signs = {"<|tool_call|>", "<|start_of_role|>"},
       .token_sign = "",
       .openers = {marked("<|tool_call|>", json), marked("<tool_call>", json)},
       .brackets = {"</tool_call>"},
       .writing = {.section_begin = "<|tool_call|> [ ",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = " }",
                   .between = ", ",
                   .section_end = " ]"}},
      {.style = CallStyle::phi,
       .template_signs = {"<|tool|>"},
       .token_sign = "<|tool_call|>",
       .openers = {marked("<|tool_call|>", json)},
       .brackets = {"<|/tool_call|>"},
       .writing = {.section_begin = "<|tool_call|> [ ",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = " }",
                   .between = ", ",
                   .section_end = " ] <|/tool_call|>"}},
      {.style = CallStyle::functools,  // Phi-4-mini in vLLM's template
       .template_signs = {"functools["},
       .token_sign = "",
       .openers = {{.marker = "functools[", .is_bare = false, .replayed = "[", .notation = json}},
       .brackets = {},
       .writing = {.section_begin = "functools[ ",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = " }",
                   .between = ", ",
                   .section_end = " ]"}},
      {.style = CallStyle::liquid,
       .template_signs = {"List of tools: "},
       .token_sign = "<|tool_call_start|>",
       .openers = {marked("<|tool_call_start|>", python)},
       .brackets = {"<|tool_call_end|>"},
       .writing = {.section_begin = "<|tool_call_start|> [ ",
                   .before_name = "",
                   .after_name = "(",
                   .after_arguments = ")",
                   .between = ", ",
                   .section_end = " ] <|tool_call_end|>"}},
      {.style = CallStyle::hermes,
       .template_signs = {"<tool_call>", "arguments"},
       .token_sign = "",
       // The bare forms are what small models make of these marks.
       .openers = {marked("<tool_call>", json), bare("<tools>", "", bare_json),
                   bare("```json", "", bare_json), bare("```xml", "", bare_json), bare("{", "{", bare_json),
                   bare("[", "[", bare_json)},
       .brackets = {"</tool_call>", "</tools>"},
       .fence = "```",
       .writing = {.section_begin = "",
                   .before_name = "<tool_call>\n{ \"name\": \"",
                   .after_name = "\", \"arguments\": ",
                   .after_arguments = " }\n</tool_call>",
                   .between = "\n",
                   .section_end = ""}},
      {.style = CallStyle::llama4_python,
       .template_signs = {"[func_name1(", "<|header_start|>"},
       .token_sign = "",
       .openers = {marked("<|python_start|>", python), bare("[", "[", python)},
       .brackets = {"<|python_end|>"},
       .writing = python_list},
      {.style = CallStyle::llama_python,
       .template_signs = {"[func_name1("},
       .token_sign = "",
       .openers = {marked("<|python_tag|>", python), bare("[", "[", python)},
       .brackets = {},
       .writing = python_list},
      {.style = CallStyle::llama_json,
       .template_signs = {"\"parameters\": dictionary"},
       .token_sign = "",
       .openers = {marked("<|python_tag|>", bare_json), bare("{", "{", bare_json), bare("[", "[", bare_json)},
       .brackets = {";"},
       .writing = {.section_begin = "",
                   .before_name = "{ \"name\": \"",
                   .after_name = "\", \"parameters\": ",
                   .after_arguments = " }",
                   .between = "; ",
                   .section_end = ""},
       .has_one_call_a_message = true},
  };
  return format_table;
}

bool has_token(const Tokenizer& tokenizer, std::string_view written) {
  return tokenizer.find_token(written).has_value();
}

bool fits(const CallFormat& format, std::string_view chat_template, const Tokenizer& tokenizer) {
  if (!format.token_sign.empty() && !has_token(tokenizer, format.token_sign)) return false;
  return std::ranges::all_of(format.template_signs, [&](std::string_view sign) {
    return chat_template.find(sign) != std::string_view::npos;
  });
}

ThinkingStyle choose_thinking(std::string_view chat_template) {
  for (const ThinkingStyle style : {ThinkingStyle::angle, ThinkingStyle::bracket}) {
    if (chat_template.find(thinking_marks(style).close) != std::string_view::npos) return style;
  }
  return ThinkingStyle::none;
}

}  // namespace

ThinkingMarks thinking_marks(ThinkingStyle style) {
  switch (style) {
    case ThinkingStyle::none: return {};
    case ThinkingStyle::angle: return {.open = "<think>", .close = "</think>"};
    case ThinkingStyle::bracket: return {.open = "[THINK]", .close = "[/THINK]"};
  }
  return {};
}

const CallFormat& call_format(CallStyle style) {
  const CallFormat& format = table()[static_cast<size_t>(style)];
  CHECK(format.style == style);
  return format;
}

AnswerStyle choose_answer_style(std::string_view chat_template, const Tokenizer& tokenizer) {
  AnswerStyle chosen{.calls = CallStyle::none, .thinking = choose_thinking(chat_template)};
  for (const CallFormat& format : table()) {
    if (!fits(format, chat_template, tokenizer)) continue;
    chosen.calls = format.style;
    break;
  }
  if (chosen.calls == CallStyle::harmony) chosen.thinking = ThinkingStyle::none;
  return chosen;
}

std::vector<std::string_view> markup_of(const AnswerStyle& format) {
  std::vector<std::string_view> markup;
  const CallFormat& calls = call_format(format.calls);
  for (const CallOpener& opener : calls.openers) markup.push_back(opener.marker);
  markup.insert(markup.end(), calls.brackets.begin(), calls.brackets.end());
  const ThinkingMarks thinking = thinking_marks(format.thinking);
  // Marks inside calls.
  const std::initializer_list<std::string_view> inner{
      thinking.open,    thinking.close, "[ARGS]",     "[CALL_ID]",   "<|tool_call_argument_begin|>",
      "<｜tool▁sep｜>", "<arg_key>",    "</arg_key>", "<arg_value>", "</arg_value>"};
  markup.insert(markup.end(), inner);
  if (format.calls == CallStyle::harmony)
    markup.insert(markup.end(), channel_marks.begin(), channel_marks.end());
  std::erase(markup, std::string_view());
  return markup;
}

std::vector<TokenId> find_markup_tokens(const AnswerStyle& format, const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  for (const std::string_view written : markup_of(format)) {
    const auto id = tokenizer.find_token(written);
    if (id && tokenizer.is_special(*id)) ids.push_back(*id);
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return ids;
}

}  // namespace shoal
