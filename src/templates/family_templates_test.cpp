#include "templates/family_templates.h"

#include <gtest/gtest.h>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "templates/chat_template.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

struct Family {
  const char* name;
  std::vector<std::string> tokens;
  const char* file;  // the makers' own template, or a tokenizer_config.json with it
  bool system;       // their template takes a system message, as ours does
  bool drops_space = false;
  const char* version = "";
};

FakeTokenizer tokenizer_of(const Family& family) {
  FakeTokenizer tokenizer(family.tokens);
  tokenizer.drops_first_space_ = family.drops_space;
  tokenizer.makers_version_ = family.version;
  return tokenizer;
}
bool is_mistral(const Family& family) { return std::string_view(family.name).starts_with("mistral"); }

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

std::string makers_template(const std::filesystem::path& path) {
  const Result<std::string> text = os::read_text_file(path);
  if (!text || path.extension() != ".json") return text.value_or("");
  const Result<Value> config = parse_json(*text);
  return *config->find("chat_template")->text();
}

Value usual_chat(bool system, bool opens_answer) {
  Value::Array messages;
  const auto add = [&](const char* role, const char* content) {
    messages.push_back(Value::Object{{"role", role}, {"content", content}});
  };
  if (system) add("system", "Be brief.");
  add("user", "Hello, world!\nHow are you?");
  add("assistant", "Fine.");
  add("user", "Good: \xC3\xBC");
  return Value::Object{{"messages", std::move(messages)},
                       {"add_generation_prompt", opens_answer},
                       {"bos_token", "<s>"},
                       {"eos_token", "</s>"}};
}

class FamilyTemplates : public testing::TestWithParam<Family> {};

TEST_P(FamilyTemplates, RenderAsTheMakersOwnDo) {
  const Family& family = GetParam();
  const std::filesystem::path path = test_data_path(family.file);
  if (!exists(path)) GTEST_SKIP() << path;
  const Result<ChatTemplate> ours = ChatTemplate::parse(find_family_template(tokenizer_of(family)));
  const Result<ChatTemplate> theirs = ChatTemplate::parse(makers_template(path));
  ASSERT_TRUE(ours) << ours.error().message;
  ASSERT_TRUE(theirs);
  for (const bool opens_answer : {true, false}) {
    // Mistral's prompt always opens an answer, and Phi's closed one has one end token more.
    if (!opens_answer && (is_mistral(family) || family.name == std::string_view("phi3"))) continue;
    const Value context = usual_chat(family.system, opens_answer);
    const Result<std::string> expected = theirs->render(context);
    ASSERT_TRUE(expected) << expected.error().message;
    EXPECT_EQ(ours->render(context).value_or("an error"), *expected);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FamilyTemplates,
    testing::Values(Family{"kimi",
                           {"<|im_middle|>", "<|im_user|>", "<|im_assistant|>", "<|im_end|>"},
                           "templates/llama.cpp-2026/Kimi-K2-Instruct.jinja",
                           true},
                    Family{"harmony",
                           {"<|start|>", "<|message|>", "<|channel|>"},
                           "templates/llama.cpp-2026/openai-gpt-oss-120b.jinja",
                           true},
                    Family{"llama3",
                           {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
                           "tokenizers/configs/llama3-llava-next-8b-hf/tokenizer_config.json",
                           true},
                    Family{"granite",
                           {"<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"},
                           "templates/chujiezheng/granite-3.0-instruct.jinja",
                           true},
                    Family{"chatml",
                           {"<|im_start|>", "<|im_end|>"},
                           "templates/llama.cpp-2026/Qwen-Qwen2.5-7B-Instruct.jinja",
                           true},
                    Family{"gemma",
                           {"<start_of_turn>", "<end_of_turn>"},
                           "templates/llama.cpp-2026/google-gemma-2-2b-it.jinja",
                           false},
                    Family{"deepseek",
                           {"<\xEF\xBD\x9CUser\xEF\xBD\x9C>",
                            "<\xEF\xBD\x9C"
                            "Assistant\xEF\xBD\x9C>"},
                           "tokenizers/npm-deepseek_v3/tokenizer_config.json",
                           true},
                    Family{"phi3",
                           {"<|user|>", "<|assistant|>", "<|end|>"},
                           "templates/llama.cpp-2026/microsoft-Phi-3.5-mini-instruct.jinja",
                           true},
                    Family{"mistral",
                           {"[INST]", "[/INST]"},
                           "tokenizers/configs/Mistral-7B-Instruct-v0.3/tokenizer_config.json",
                           true,
                           /*drops_space=*/true},
                    Family{"mistral_tekken3",
                           {"[INST]", "[/INST]", "[SYSTEM_PROMPT]"},
                           "templates/mistral-common/v3.jinja",
                           true,
                           /*drops_space=*/false,
                           "v3"},
                    Family{"mistral_tekken7",
                           {"[INST]", "[/INST]", "[SYSTEM_PROMPT]"},
                           "templates/mistral-common/v7.jinja",
                           true,
                           /*drops_space=*/false,
                           "v7"},
                    Family{"mistral7",
                           {"[INST]", "[/INST]", "[SYSTEM_PROMPT]"},
                           "templates/mistral-common/v7_spm.jinja",
                           true,
                           /*drops_space=*/true},
                    Family{"vicuna",
                           {"<image>", "<s>", "</s>"},
                           "tokenizers/configs/llava-1.5-7b-hf/tokenizer_config.json",
                           true}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(FamilyTemplates, WriteKimisToolsAsItsMakersDo) {
  const std::filesystem::path path = test_data_path("templates/llama.cpp-2026/Kimi-K2-Instruct.jinja");
  if (!exists(path)) GTEST_SKIP() << path;
  const Result<Value> context = parse_json(R"({"add_generation_prompt": true, "tools": [{"type": "function",
      "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}}}}],
      "messages": [{"role": "user", "content": "f?"}, {"role": "assistant", "content": "Wait.", "tool_calls": [
      {"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]},
      {"role": "tool", "tool_call_id": "functions.f:0", "content": "7"}]})");
  ASSERT_TRUE(context);
  const auto ours = ChatTemplate::parse(
      find_family_template(FakeTokenizer({"<|im_middle|>", "<|im_user|>", "<|im_assistant|>"})));
  const auto theirs = ChatTemplate::parse(makers_template(path));
  ASSERT_TRUE(ours);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(ours->render(*context).value_or("an error"), *theirs->render(*context));
}

TEST(FamilyTemplates, AreNobodysWithoutAFamilysTokens) {
  EXPECT_TRUE(find_family_template(FakeTokenizer({"a", "<s>", "</s>"})).empty());
}

}  // namespace
}  // namespace shoal
