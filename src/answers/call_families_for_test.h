// The model families whose calls we know, with their chat templates in the test data; for tests only.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "answers/bfcl_calls_for_test.h"
#include "answers/call_format.h"
#include "base/os.h"
#include "base/test_data_for_test.h"
#include "templates/chat_template.h"

namespace shoal {

using Writer = std::function<std::string(const std::vector<BfclCall>&)>;

struct Family {
  const char* name;
  AnswerStyle format;
  const char* chat_template;
  std::string end = {};       // of the turn; it ends the stream and is not shown
  bool has_one_call = false;  // a message has one call at most
  bool takes_content = true;  // a message with calls may have content
  Writer write = {};          // writes calls when the template does not
  bool takes_text = false;    // arguments are given as text
  const char* token = "a";    // a token of the vocabulary that tells the family
};

inline void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

inline std::string python_literal(const Value& value) {
  if (value.is_null()) return "None";
  if (value.boolean() != nullptr) return *value.boolean() ? "True" : "False";
  if (value.text() != nullptr) {
    std::string text = "'";
    for (const char byte : *value.text()) {
      if (byte == '\'' || byte == '\\') text += '\\';
      text += byte == '\n' ? std::string("\\n") : std::string(1, byte);
    }
    return text + "'";
  }
  std::string inner;
  if (value.array() != nullptr) {
    for (const Value& item : *value.array()) inner += (inner.empty() ? "" : ", ") + python_literal(item);
    return "[" + inner + "]";
  }
  if (value.object() != nullptr) {
    for (const auto& [name, member] : *value.object()) {
      inner += (inner.empty() ? "" : ", ") + python_literal(Value(name)) + ": " + python_literal(member);
    }
    return "{" + inner + "}";
  }
  return format_json(value);
}

inline std::string write_python(const std::vector<BfclCall>& calls) {
  std::string list;
  for (const BfclCall& call : calls) {
    std::string parameters;
    for (const auto& [name, value] : *call.arguments.object()) {
      parameters += (parameters.empty() ? "" : ", ") + name + "=" + python_literal(value);
    }
    list += (list.empty() ? "" : ", ") + call.name + "(" + parameters + ")";
  }
  return "[" + list + "]";
}

inline std::string write_json_list(const std::vector<BfclCall>& calls) {
  Value::Array list;
  for (const BfclCall& call : calls) {
    list.push_back(Value::Object{{"name", call.name}, {"arguments", call.arguments}});
  }
  return format_json(list, JsonStyle{});
}

inline std::string write_marked_python(const std::vector<BfclCall>& calls) {
  return "<|python_start|>" + write_python(calls) + "<|python_end|>";
}

inline std::string write_marked_json(const std::vector<BfclCall>& calls) {
  return "<TOOLCALL>" + write_json_list(calls) + "</TOOLCALL>";
}

inline std::string write_phi(const std::vector<BfclCall>& calls) {
  return "<|tool_call|>" + write_json_list(calls) + "<|/tool_call|>";
}

inline std::string write_functools(const std::vector<BfclCall>& calls) {
  return "functools" + write_json_list(calls);
}

inline std::string write_liquid(const std::vector<BfclCall>& calls) {
  return "<|tool_call_start|>" + write_python(calls) + "<|tool_call_end|>";
}

inline std::vector<Family> families() {
  constexpr auto no_thinking = ThinkingStyle::none;
  constexpr auto angle_thinking = ThinkingStyle::angle;
  constexpr auto bracket_thinking = ThinkingStyle::bracket;
  return {
      {.name = "Qwen2_5",
       .format = {CallStyle::hermes, no_thinking},
       .chat_template = "llama.cpp-2026/Qwen-Qwen2.5-7B-Instruct.jinja",
       .end = "<|im_end|>"},
      {.name = "Qwen3",
       .format = {CallStyle::hermes, angle_thinking},
       .chat_template = "llama.cpp-2026/Qwen-Qwen3-0.6B.jinja",
       .end = "<|im_end|>"},
      {.name = "QwQ",
       .format = {CallStyle::hermes, angle_thinking},
       .chat_template = "llama.cpp-2026/Qwen-QwQ-32B.jinja",
       .end = "<|im_end|>"},
      {.name = "Hermes3",
       .format = {CallStyle::hermes, no_thinking},
       .chat_template = "llama.cpp-2026/NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja",
       .end = "<|im_end|>",
       .takes_content = false},
      {.name = "Granite4",
       .format = {CallStyle::hermes, no_thinking},
       .chat_template = "llama.cpp-2026/ibm-granite-granite-4.0.jinja",
       .end = "<|end_of_text|>"},
      {.name = "Qwen3Coder",
       .format = {CallStyle::qwen_coder, no_thinking},
       .chat_template = "llama.cpp-2026/Qwen3-Coder.jinja",
       .end = "<|im_end|>"},
      {.name = "Qwen3_5",
       .format = {CallStyle::qwen_coder, angle_thinking},
       .chat_template = "llama.cpp-2026/Qwen3.5-4B.jinja",
       .end = "<|im_end|>"},
      {.name = "Nemotron3",
       .format = {CallStyle::qwen_coder, angle_thinking},
       .chat_template = "llama.cpp-2026/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16.jinja",
       .end = "<|im_end|>"},
      {.name = "SeedOss",
       .format = {CallStyle::seed, no_thinking},
       .chat_template = "llama.cpp-2026/ByteDance-Seed-OSS.jinja",
       .end = "<seed:eos>"},
      {.name = "MiniMax",
       .format = {CallStyle::minimax, angle_thinking},
       .chat_template = "llama.cpp-2026/MiniMax-M2.jinja",
       .end = "[e~["},
      {.name = "Glm4_6",
       .format = {CallStyle::glm, angle_thinking},
       .chat_template = "llama.cpp-2026/GLM-4.6.jinja",
       .end = ""},
      {.name = "Glm4_7",
       .format = {CallStyle::glm, angle_thinking},
       .chat_template = "llama.cpp-2026/GLM-4.7-Flash.jinja",
       .end = ""},
      {.name = "Llama3_1",
       .format = {CallStyle::llama_json, no_thinking},
       .chat_template = "llama.cpp-2026/meta-llama-Llama-3.1-8B-Instruct.jinja",
       .end = "<|eot_id|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Llama3_3",
       .format = {CallStyle::llama_json, no_thinking},
       .chat_template = "llama.cpp-2026/meta-llama-Llama-3.3-70B-Instruct.jinja",
       .end = "<|eot_id|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Llama3_2Python",
       .format = {CallStyle::llama_python, no_thinking},
       .chat_template = "vllm/tool_chat_template_llama3.2_pythonic.jinja",
       .end = "",
       .takes_content = false,
       .write = write_python},
      {.name = "Llama4Python",
       .format = {CallStyle::llama4_python, no_thinking},
       .chat_template = "vllm/tool_chat_template_llama4_pythonic.jinja",
       .end = "",
       .takes_content = false,
       .write = write_marked_python},
      {.name = "MistralV3",
       .format = {CallStyle::mistral_list, no_thinking},
       .chat_template = "mistral-common/v3.jinja",
       .end = "</s>",
       .takes_content = false,
       .takes_text = true},
      {.name = "MistralV7",
       .format = {CallStyle::mistral_list, no_thinking},
       .chat_template = "mistral-common/v7.jinja",
       .end = "</s>",
       .takes_text = true},
      {.name = "MistralNemo",
       .format = {CallStyle::mistral_list, no_thinking},
       .chat_template = "llama.cpp-2026/mistralai-Mistral-Nemo-Instruct-2407.jinja",
       .end = "</s>",
       .takes_content = false},
      {.name = "MistralV11",
       .format = {CallStyle::mistral_named, no_thinking},
       .chat_template = "mistral-common/v11.jinja",
       .end = "</s>"},
      {.name = "MistralV13",
       .format = {CallStyle::mistral_named, bracket_thinking},
       .chat_template = "mistral-common/v13_think.jinja",
       .end = "</s>"},
      {.name = "MistralV15",
       .format = {CallStyle::mistral_named, no_thinking},
       .chat_template = "mistral-common/v15.jinja",
       .end = "</s>"},
      {.name = "DeepSeekV3",
       .format = {CallStyle::deepseek_v3, no_thinking},
       .chat_template = "vllm/tool_chat_template_deepseekv3.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "DeepSeekR1",
       .format = {CallStyle::deepseek_v3, angle_thinking},
       .chat_template = "vllm/tool_chat_template_deepseekr1.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "DeepSeekV3_1",
       .format = {CallStyle::deepseek_v31, angle_thinking},
       .chat_template = "llama.cpp-2026/deepseek-ai-DeepSeek-V3.1.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "KimiK2",
       .format = {CallStyle::kimi, no_thinking},
       .chat_template = "llama.cpp-2026/Kimi-K2-Instruct.jinja",
       .end = "<|im_end|>"},
      {.name = "KimiK2Thinking",
       .format = {CallStyle::kimi, angle_thinking},
       .chat_template = "llama.cpp-2026/Kimi-K2-Thinking.jinja",
       .end = "<|im_end|>"},
      {.name = "GptOss",
       .format = {CallStyle::harmony, no_thinking},
       .chat_template = "llama.cpp-2026/openai-gpt-oss-120b.jinja",
       .end = "<|call|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Granite3",
       .format = {CallStyle::granite, no_thinking},
       .chat_template = "vllm/tool_chat_template_granite.jinja",
       .end = "<|end_of_text|>",
       .takes_content = false},
      {.name = "NemotronNano2",
       .format = {CallStyle::nemotron, angle_thinking},
       .chat_template = "llama.cpp-2026/NVIDIA-Nemotron-Nano-v2.jinja",
       .end = "",
       .write = write_marked_json},
      {.name = "Phi4Mini",
       .format = {CallStyle::phi, no_thinking},
       .chat_template = "ort-extensions/phi-4-mini-reasoning.jinja",
       .end = "",
       .takes_content = false,
       .write = write_phi,
       .token = "<|tool_call|>"},
      {.name = "Phi4MiniOfVllm",
       .format = {CallStyle::functools, no_thinking},
       .chat_template = "vllm/tool_chat_template_phi4_mini.jinja",
       .end = "",
       .write = write_functools},
      {.name = "Lfm2_5",
       .format = {CallStyle::liquid, angle_thinking},
       .chat_template = "llama.cpp-2026/LFM2.5-8B-A1B.jinja",
       .end = "",
       .write = write_liquid,  // the template leaves quotes inside texts as they are
       .token = "<|tool_call_start|>"},
      {.name = "Lfm2",
       .format = {CallStyle::liquid, no_thinking},
       .chat_template = "llama.cpp-2026/LFM2-8B-A1B.jinja",
       .end = "",
       .write = write_liquid,
       .token = "<|tool_call_start|>"},
  };
}

inline Result<std::string> read_template(const Family& family) {
  return os::read_text_file(test_data_path(std::string("templates/") + family.chat_template));
}

inline Value message_of(const Family& family, const std::string& content,
                        const std::vector<BfclCall>& calls) {
  Value::Array list;
  for (size_t i = 0; i < calls.size(); ++i) {
    const Value arguments =
        family.takes_text ? Value(format_json(calls[i].arguments, {})) : calls[i].arguments;
    list.push_back(
        Value::Object{{"id", fmt::format("call{:05}", i)},
                      {"type", "function"},
                      {"function", Value::Object{{"name", calls[i].name}, {"arguments", arguments}}}});
  }
  return Value::Object{{"role", "assistant"}, {"content", content}, {"tool_calls", std::move(list)}};
}

inline Value chat_of(const BfclCase& asked, std::vector<Value> more, bool is_open) {
  Value::Array messages{Value::Object{{"role", "user"}, {"content", asked.question}}};
  for (Value& message : more) messages.push_back(std::move(message));
  return Value::Object{{"messages", std::move(messages)},
                       {"tools", asked.tools},
                       {"add_generation_prompt", is_open},
                       {"bos_token", "<s>"},
                       {"eos_token", "</s>"}};
}

inline void trim_end(std::string& text) { text.erase(text.find_last_not_of(" \n") + 1); }

// What the model would have written: the conversation with the answer, without the prompt.
inline std::string rendered_answer(const Family& family, const ChatTemplate& chat, const BfclCase& asked,
                                   const std::string& content, const std::vector<BfclCall>& calls) {
  const Result<std::string> prompt = chat.render(chat_of(asked, {}, /*is_open=*/true));
  const Result<std::string> whole =
      chat.render(chat_of(asked, {message_of(family, content, calls)}, /*is_open=*/false));
  EXPECT_TRUE(prompt.has_value()) << prompt.error().message;
  EXPECT_TRUE(whole.has_value()) << whole.error().message;
  if (!prompt || !whole) return {};
  const size_t same = static_cast<size_t>(std::ranges::mismatch(*prompt, *whole).in1 - prompt->begin());
  // The prompt may open thinking, which is missing before a call; the answer then begins before it.
  const size_t begin = std::min(same, prompt->rfind("<think>"));
  std::string answer = whole->substr(begin);
  answer.erase(0, answer.find_first_not_of(" \n"));
  trim_end(answer);
  EXPECT_TRUE(answer.ends_with(family.end)) << answer;
  answer.erase(answer.rfind(family.end));
  trim_end(answer);
  return answer;
}

}  // namespace shoal
