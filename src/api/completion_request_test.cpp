#include "api/completion_request.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(CompletionRequest, TakesAPromptInEachOfOpenAisForms) {
  const auto prompts = [](const std::string& prompt) {
    const auto request = parse_completion_request("{\"prompt\":" + prompt + "}");
    EXPECT_TRUE(request) << request.error().message;
    return request->prompts;
  };
  EXPECT_EQ(std::get<PromptText>(prompts(R"("once")").at(0)).text, "once");
  EXPECT_EQ(std::get<PromptText>(prompts(R"("")").at(0)).text, "");
  const auto texts = prompts(R"(["a","b"])");
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(std::get<PromptText>(texts[1]).text, "b");
  EXPECT_EQ(std::get<PromptTokens>(prompts("[1,2,3]").at(0)).tokens, (std::vector<TokenId>{1, 2, 3}));
  const auto lists = prompts("[[1],[2,3]]");
  ASSERT_EQ(lists.size(), 2u);
  EXPECT_EQ(std::get<PromptTokens>(lists[1]).tokens, (std::vector<TokenId>{2, 3}));
}

TEST(CompletionRequest, HasOpenAisDefaults) {
  const auto request = parse_completion_request(R"({"prompt":"x"})");
  EXPECT_EQ(request->options.settings.max_tokens, 16);
  EXPECT_EQ(request->options.settings.top_logprobs, std::nullopt);
  EXPECT_EQ(parse_completion_request(R"({"prompt":"x","logprobs":0})")->options.settings.top_logprobs, 0);
  EXPECT_EQ(parse_completion_request(R"({"prompt":"x","logprobs":5,"echo":false,"best_of":1,"suffix":""})")
                ->options.settings.top_logprobs,
            5);
}

TEST(CompletionRequest, TakesWhatClientsOfOtherServersSend) {
  const auto limit = [](const std::string& members) {
    const auto request = parse_completion_request(R"({"prompt":"x",)" + members + "}");
    EXPECT_TRUE(request) << members << request.error().message;
    return request->options.settings.max_tokens;
  };
  EXPECT_EQ(limit(R"("max_tokens":0)"), 0);
  EXPECT_EQ(limit(R"("max_tokens":-1)"), std::nullopt);
  EXPECT_EQ(limit(R"("n_predict":5)"), 5);
  EXPECT_EQ(limit(R"("stop":[])"), 16);
  EXPECT_TRUE(parse_completion_request(R"({"prompt":["x","y"],"echo":true,"n":3})")->echoes);
}

TEST(CompletionRequest, AWrongFieldIsNamed) {
  const std::vector<std::pair<std::string, std::string>> bodies{
      {R"({})", "prompt"},
      {R"({"prompt":5})", "prompt"},
      {R"({"prompt":[]})", "prompt"},
      {R"({"prompt":[-1]})", "prompt"},
      {R"({"prompt":[4294967296]})", "prompt"},
      {R"({"prompt":[1,"a"]})", "prompt"},
      {R"({"prompt":[[]]})", "prompt"},
      {R"({"prompt":[[1],[2.5]]})", "prompt"},
      {R"({"prompt":["a","b","c","d","e"],"n":128})", "prompt"},
      {R"({"prompt":"x","echo":true,"logprobs":1})", "echo"},
      {R"({"prompt":[1,2],"echo":true})", "echo"},
      {R"({"prompt":["a"],"echo":1})", "echo"},
      {R"({"prompt":"x","suffix":"y"})", "suffix"},
      {R"({"prompt":"x","best_of":2})", "best_of"},
      {R"({"prompt":"x","logprobs":true})", "logprobs"},
      {R"({"prompt":"x","logprobs":21})", "logprobs"},
      {R"({"prompt":"x","max_tokens":-2})", "max_tokens"},
      {R"({"prompt":"x","min_tokens":17})", "min_tokens"},
      {R"({"prompt":"x","temperature":3})", "temperature"},
  };
  for (const auto& [body, param] : bodies) {
    const auto request = parse_completion_request(body);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().status, 400) << body;
    EXPECT_EQ(request.error().param, param) << request.error().message;
  }
}

}  // namespace
}  // namespace shoal
