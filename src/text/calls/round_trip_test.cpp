// 200 BFCL calls as each family writes them: by its own chat template where that renders calls, else by what
// the template tells the model to write.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "text/calls/bfcl_calls.h"
#include "text/calls/read_answer.h"
#include "text/chat_template.h"
#include "text/fake_tokenizer.h"

namespace shoal {
namespace {

using Writer = std::function<std::string(const std::vector<BfclCall>&)>;

struct Family {
  const char* name;
  AnswerFormat format;
  const char* chat_template;
  std::string end = {};       // of the turn, which ends the stream and is not shown
  bool has_one_call = false;  // in a message
  bool takes_content = true;  // beside calls
  Writer write = {};          // where the template does not
  bool takes_text = false;    // for arguments
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

std::string python_literal(const Value& value) {
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

std::string write_python(const std::vector<BfclCall>& calls) {
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

std::string write_json_list(const std::vector<BfclCall>& calls) {
  Value::Array list;
  for (const BfclCall& call : calls) {
    list.push_back(Value::Object{{"name", call.name}, {"arguments", call.arguments}});
  }
  return format_json(list, JsonStyle{});
}

std::string write_marked_python(const std::vector<BfclCall>& calls) {
  return "<|python_start|>" + write_python(calls) + "<|python_end|>";
}

std::string write_marked_json(const std::vector<BfclCall>& calls) {
  return "<TOOLCALL>" + write_json_list(calls) + "</TOOLCALL>";
}

std::vector<Family> families() {
  constexpr auto kNone = ThinkingStyle::none;
  constexpr auto kAngle = ThinkingStyle::angle;
  constexpr auto kBracket = ThinkingStyle::bracket;
  return {
      {.name = "Qwen2_5",
       .format = {CallStyle::hermes, kNone},
       .chat_template = "llama.cpp-2026/Qwen-Qwen2.5-7B-Instruct.jinja",
       .end = "<|im_end|>"},
      {.name = "Qwen3",
       .format = {CallStyle::hermes, kAngle},
       .chat_template = "llama.cpp-2026/Qwen-Qwen3-0.6B.jinja",
       .end = "<|im_end|>"},
      {.name = "QwQ",
       .format = {CallStyle::hermes, kAngle},
       .chat_template = "llama.cpp-2026/Qwen-QwQ-32B.jinja",
       .end = "<|im_end|>"},
      {.name = "Hermes3",
       .format = {CallStyle::hermes, kNone},
       .chat_template = "llama.cpp-2026/NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja",
       .end = "<|im_end|>",
       .takes_content = false},
      {.name = "Granite4",
       .format = {CallStyle::hermes, kNone},
       .chat_template = "llama.cpp-2026/ibm-granite-granite-4.0.jinja",
       .end = "<|end_of_text|>"},
      {.name = "Qwen3Coder",
       .format = {CallStyle::qwen_coder, kNone},
       .chat_template = "llama.cpp-2026/Qwen3-Coder.jinja",
       .end = "<|im_end|>"},
      {.name = "Qwen3_5",
       .format = {CallStyle::qwen_coder, kAngle},
       .chat_template = "llama.cpp-2026/Qwen3.5-4B.jinja",
       .end = "<|im_end|>"},
      {.name = "Nemotron3",
       .format = {CallStyle::qwen_coder, kAngle},
       .chat_template = "llama.cpp-2026/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16.jinja",
       .end = "<|im_end|>"},
      {.name = "SeedOss",
       .format = {CallStyle::seed, kNone},
       .chat_template = "llama.cpp-2026/ByteDance-Seed-OSS.jinja",
       .end = "<seed:eos>"},
      {.name = "MiniMax",
       .format = {CallStyle::minimax, kAngle},
       .chat_template = "llama.cpp-2026/MiniMax-M2.jinja",
       .end = "[e~["},
      {.name = "Glm4_6",
       .format = {CallStyle::glm, kAngle},
       .chat_template = "llama.cpp-2026/GLM-4.6.jinja",
       .end = ""},
      {.name = "Glm4_7",
       .format = {CallStyle::glm, kAngle},
       .chat_template = "llama.cpp-2026/GLM-4.7-Flash.jinja",
       .end = ""},
      {.name = "Llama3_1",
       .format = {CallStyle::llama_json, kNone},
       .chat_template = "llama.cpp-2026/meta-llama-Llama-3.1-8B-Instruct.jinja",
       .end = "<|eot_id|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Llama3_3",
       .format = {CallStyle::llama_json, kNone},
       .chat_template = "llama.cpp-2026/meta-llama-Llama-3.3-70B-Instruct.jinja",
       .end = "<|eot_id|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Llama3_2Python",
       .format = {CallStyle::llama_python, kNone},
       .chat_template = "vllm/tool_chat_template_llama3.2_pythonic.jinja",
       .end = "",
       .takes_content = false,
       .write = write_python},
      {.name = "Llama4Python",
       .format = {CallStyle::llama4_python, kNone},
       .chat_template = "vllm/tool_chat_template_llama4_pythonic.jinja",
       .end = "",
       .takes_content = false,
       .write = write_marked_python},
      {.name = "MistralV3",
       .format = {CallStyle::mistral_list, kNone},
       .chat_template = "mistral-common/v3.jinja",
       .end = "</s>",
       .takes_content = false,
       .takes_text = true},
      {.name = "MistralV7",
       .format = {CallStyle::mistral_list, kNone},
       .chat_template = "mistral-common/v7.jinja",
       .end = "</s>",
       .takes_text = true},
      {.name = "MistralNemo",
       .format = {CallStyle::mistral_list, kNone},
       .chat_template = "llama.cpp-2026/mistralai-Mistral-Nemo-Instruct-2407.jinja",
       .end = "</s>",
       .takes_content = false},
      {.name = "MistralV11",
       .format = {CallStyle::mistral_named, kNone},
       .chat_template = "mistral-common/v11.jinja",
       .end = "</s>"},
      {.name = "MistralV13",
       .format = {CallStyle::mistral_named, kBracket},
       .chat_template = "mistral-common/v13_think.jinja",
       .end = "</s>"},
      {.name = "MistralV15",
       .format = {CallStyle::mistral_named, kNone},
       .chat_template = "mistral-common/v15.jinja",
       .end = "</s>"},
      {.name = "DeepSeekV3",
       .format = {CallStyle::deepseek_v3, kNone},
       .chat_template = "vllm/tool_chat_template_deepseekv3.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "DeepSeekR1",
       .format = {CallStyle::deepseek_v3, kAngle},
       .chat_template = "vllm/tool_chat_template_deepseekr1.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "DeepSeekV3_1",
       .format = {CallStyle::deepseek_v31, kAngle},
       .chat_template = "llama.cpp-2026/deepseek-ai-DeepSeek-V3.1.jinja",
       .end = "<｜end▁of▁sentence｜>"},
      {.name = "KimiK2",
       .format = {CallStyle::kimi, kNone},
       .chat_template = "llama.cpp-2026/Kimi-K2-Instruct.jinja",
       .end = "<|im_end|>"},
      {.name = "KimiK2Thinking",
       .format = {CallStyle::kimi, kAngle},
       .chat_template = "llama.cpp-2026/Kimi-K2-Thinking.jinja",
       .end = "<|im_end|>"},
      {.name = "GptOss",
       .format = {CallStyle::harmony, kNone},
       .chat_template = "llama.cpp-2026/openai-gpt-oss-120b.jinja",
       .end = "<|call|>",
       .has_one_call = true,
       .takes_content = false},
      {.name = "Granite3",
       .format = {CallStyle::granite, kNone},
       .chat_template = "vllm/tool_chat_template_granite.jinja",
       .end = "<|end_of_text|>",
       .takes_content = false},
      {.name = "NemotronNano2",
       .format = {CallStyle::nemotron, kAngle},
       .chat_template = "llama.cpp-2026/NVIDIA-Nemotron-Nano-v2.jinja",
       .end = "",
       .write = write_marked_json},
  };
}

Result<std::string> read_template(const Family& family) {
  return os::read_text_file(test_data_path(std::string("templates/") + family.chat_template));
}

Value message_of(const Family& family, const std::string& content, const std::vector<BfclCall>& calls) {
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

Value chat_of(const BfclCase& asked, std::vector<Value> more, bool is_open) {
  Value::Array messages{Value::Object{{"role", "user"}, {"content", asked.question}}};
  for (Value& message : more) messages.push_back(std::move(message));
  return Value::Object{{"messages", std::move(messages)},
                       {"tools", asked.tools},
                       {"add_generation_prompt", is_open},
                       {"bos_token", "<s>"},
                       {"eos_token", "</s>"}};
}

void trim_end(std::string& text) { text.erase(text.find_last_not_of(" \n") + 1); }

// What the model would have said: the conversation with the answer, without the prompt.
std::string rendered_answer(const Family& family, const ChatTemplate& chat, const BfclCase& asked,
                            const std::string& content, const std::vector<BfclCall>& calls) {
  const Result<std::string> prompt = chat.render(chat_of(asked, {}, /*is_open=*/true));
  const Result<std::string> whole =
      chat.render(chat_of(asked, {message_of(family, content, calls)}, /*is_open=*/false));
  EXPECT_TRUE(prompt.has_value()) << prompt.error().message;
  EXPECT_TRUE(whole.has_value()) << whole.error().message;
  if (!prompt || !whole) return {};
  const size_t same = static_cast<size_t>(std::ranges::mismatch(*prompt, *whole).in1 - prompt->begin());
  // A prompt may open the thinking, which is not there in front of a call; the answer begins in front of it.
  const size_t begin = std::min(same, prompt->rfind("<think>"));
  std::string answer = whole->substr(begin);
  answer.erase(0, answer.find_first_not_of(" \n"));
  trim_end(answer);
  EXPECT_TRUE(answer.ends_with(family.end)) << answer;
  answer.erase(answer.rfind(family.end));
  trim_end(answer);
  return answer;
}

void expect_calls(const std::vector<BfclCall>& wanted, const ReadAnswer& answer, const std::string& source) {
  ASSERT_EQ(answer.calls.size(), wanted.size()) << source << "\n-> " << answer.content;
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(answer.calls[i].name, wanted[i].name) << source;
    const Result<Value> arguments = parse_json(answer.calls[i].arguments);
    ASSERT_TRUE(arguments.has_value()) << answer.calls[i].arguments << "\n" << source;
    EXPECT_EQ(*arguments, wanted[i].arguments) << answer.calls[i].arguments << "\n" << source;
  }
  EXPECT_EQ(answer.withdrawn, 0);
}

// One answer with what is to be read in it.
struct Sample {
  std::string source;
  std::vector<BfclCall> calls;
  ToolSet tools;
};

class FamilyTest : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    const Result<std::string> source = read_template(GetParam());
    if (!source) GTEST_SKIP() << GetParam().chat_template;
    source_ = *source;
    Result<ChatTemplate> parsed = ChatTemplate::parse(source_);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    chat_.emplace(std::move(*parsed));
    cases_ = read_bfcl_cases();
    ASSERT_EQ(cases_.size(), 160u);
  }

  std::vector<Sample> samples(const std::string& content) {
    std::vector<Sample> samples;
    for (const BfclCase& asked : cases_) {
      const ToolSet tools(asked.tools);
      std::vector<std::vector<BfclCall>> messages{asked.calls};
      if (GetParam().has_one_call) {
        messages.clear();
        for (const BfclCall& call : asked.calls) messages.push_back({call});
      }
      for (const std::vector<BfclCall>& calls : messages) {
        std::string source = GetParam().write ? content + GetParam().write(calls)
                                              : rendered_answer(GetParam(), *chat_, asked, content, calls);
        samples.push_back({std::move(source), calls, tools});
      }
    }
    return samples;
  }

  std::string source_;
  std::optional<ChatTemplate> chat_;
  std::vector<BfclCase> cases_;
};

TEST_P(FamilyTest, IsChosenByItsChatTemplate) {
  EXPECT_EQ(choose_answer_format(source_, FakeTokenizer({"a"})), GetParam().format);
}

TEST_P(FamilyTest, ReadsTheCallsThatItsModelsWrite) {
  size_t count = 0;
  for (const Sample& sample : samples("")) {
    const ReadAnswer answer = read_answer(GetParam().format, sample.tools, sample.source);
    expect_calls(sample.calls, answer, sample.source);
    EXPECT_EQ(answer.content, "") << sample.source;
    EXPECT_EQ(answer.reasoning, "") << sample.source;
    count += sample.calls.size();
  }
  EXPECT_GE(count, 200u);
}

TEST_P(FamilyTest, ReadsTheSameHoweverTheStreamIsCut) {
  std::mt19937_64 random(7);
  int64_t count = 0;
  for (const Sample& sample : samples("")) {
    const std::string_view source = sample.source;
    const std::vector<AnswerEvent> whole = read_events(GetParam().format, sample.tools, {source});
    std::vector<std::string_view> bytes, pieces;
    for (size_t i = 0; i < source.size(); ++i) bytes.push_back(source.substr(i, 1));
    EXPECT_EQ(read_events(GetParam().format, sample.tools, bytes), whole) << source;
    for (size_t at = 0; at < source.size();) {
      const size_t length = 1 + random() % 20;
      pieces.push_back(source.substr(at, length));
      at += length;
    }
    EXPECT_EQ(read_events(GetParam().format, sample.tools, pieces), whole) << source;
    if (count++ % 4 != 0) continue;  // all the rest takes long
    for (size_t cut = 0; cut <= source.size(); ++cut) {
      ASSERT_EQ(read_events(GetParam().format, sample.tools, {source.substr(0, cut), source.substr(cut)}),
                whole)
          << cut << " in " << source;
    }
  }
}

TEST_P(FamilyTest, LeavesTextAroundTheCallsAsItIs) {
  const std::string before = GetParam().takes_content ? "Let me see: 2 < 3, {} [x]." : "";
  for (Sample& sample : samples(before)) {
    sample.source += "\nDone, <b>I</b> think.";
    const ReadAnswer answer = read_answer(GetParam().format, sample.tools, sample.source);
    expect_calls(sample.calls, answer, sample.source);
    EXPECT_EQ(answer.content, before + (before.empty() ? "" : "\n") + "Done, <b>I</b> think.")
        << sample.source;
  }
}

TEST_P(FamilyTest, LosesNothingOfATruncatedCall) {
  std::vector<Sample> all = samples("");
  for (size_t i = 0; i < all.size(); i += 8) {
    for (size_t end = 0; end < all[i].source.size(); ++end) {
      const std::string source = all[i].source.substr(0, end);
      const ReadAnswer answer = read_answer(GetParam().format, all[i].tools, source);
      ASSERT_TRUE(has_lost_nothing(GetParam().format, source, answer)) << source << "\n-> " << answer.content;
      for (const ReadCall& call : answer.calls) ASSERT_TRUE(parse_json(call.arguments).has_value()) << source;
    }
  }
}

TEST_P(FamilyTest, LosesNothingOfAMalformedCall) {
  constexpr std::string_view kNoise = "}{]<>\"x,:\n\\'";
  std::vector<Sample> all = samples("");
  std::mt19937_64 random(11);
  for (const Sample& sample : all) {
    for (int round = 0; round < 20; ++round) {
      std::string source = sample.source;
      const size_t at = random() % source.size();
      switch (random() % 3) {
        case 0: source.erase(at, 1); break;
        case 1: source[at] = kNoise[random() % kNoise.size()]; break;
        default: source.insert(at, 1, kNoise[random() % kNoise.size()]);
      }
      const std::vector<AnswerEvent> events = read_events(GetParam().format, sample.tools, {source});
      const ReadAnswer answer = collect(events);
      ASSERT_TRUE(has_lost_nothing(GetParam().format, source, answer)) << source << "\n-> " << answer.content;
      for (const ReadCall& call : answer.calls) ASSERT_TRUE(parse_json(call.arguments).has_value()) << source;
      ASSERT_EQ(read_events(GetParam().format, sample.tools, {source.substr(0, at), source.substr(at)}),
                events)
          << source;
    }
  }
}

TEST_P(FamilyTest, TakesCallsForTextWhereThereAreNoTools) {
  for (const Sample& sample : samples("")) {
    const ReadAnswer answer = read_answer(GetParam().format, ToolSet(), sample.source);
    EXPECT_TRUE(answer.calls.empty()) << sample.source;
    EXPECT_TRUE(has_lost_nothing(GetParam().format, sample.source, answer)) << sample.source;
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, FamilyTest, testing::ValuesIn(families()),
                         [](const testing::TestParamInfo<Family>& family) { return family.param.name; });

}  // namespace
}  // namespace shoal
