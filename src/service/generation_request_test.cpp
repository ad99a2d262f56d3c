#include "service/generation_request.h"

#include <gtest/gtest.h>

#include <cmath>

#include "service/sampling_ranges.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

TextAssets make_text() {
  TextAssets text;
  text.tokenizer = std::make_unique<FakeTokenizer>(std::vector<std::string>{"<end>", "a", "b", "c"});
  return text;
}

OpenedChat prompt_of(std::vector<TokenId> tokens) { return {.prompt = std::move(tokens), .opening = {}}; }

SubmitRequest make_request() {
  SubmitRequest request{};
  request.request = "request-1";
  request.settings.seed = 7;
  request.settings.choice_count = 1;
  return request;
}

TEST(GenerationRequest, TemperatureComesFromTheRequestThenTheIngressThenTheModelThenIsOne) {
  GenerationDefaults model;
  SamplingWishes wishes;
  EXPECT_EQ(choose_sampling(wishes, model, 0).temperature, 1.0);
  model.temperature = 0.4;
  EXPECT_EQ(choose_sampling(wishes, model, 0).temperature, 0.4);
  wishes.default_temperature = 0.3;
  EXPECT_EQ(choose_sampling(wishes, model, 0).temperature, 0.3);
  wishes.temperature = 0.0;
  EXPECT_EQ(choose_sampling(wishes, model, 0).temperature, 0.0);
}

TEST(GenerationRequest, WhatTheClientLeavesOpenIsTheModelsAndThenOurs) {
  const SamplingSettings ours = choose_sampling({}, {}, 9);
  SamplingSettings plain;
  plain.seed = 9;
  plain.min_p = 0.1;
  EXPECT_EQ(ours, plain);
  plain.min_p = 0;

  const GenerationDefaults model{
      .temperature = {}, .top_p = 0.8, .top_k = 20, .min_p = 0.02, .repetition_penalty = 1.1};
  const SamplingSettings from_model = choose_sampling({}, model, 9);
  EXPECT_EQ(from_model.top_p, 0.8);
  EXPECT_EQ(from_model.top_k, 20);
  EXPECT_EQ(from_model.min_p, 0.02);
  EXPECT_EQ(from_model.repetition_penalty, 1.1);

  SamplingWishes wishes;
  wishes.top_p = 1.0;
  wishes.top_k = 0;
  wishes.min_p = 0.0;
  wishes.repetition_penalty = 1.0;
  wishes.presence_penalty = 0.5;
  wishes.frequency_penalty = 0.6;
  wishes.logit_bias = {{1, 2.0}};
  plain.presence_penalty = 0.5;
  plain.frequency_penalty = 0.6;
  plain.logit_bias = {{1, 2.0}};
  EXPECT_EQ(choose_sampling(wishes, model, 9), plain);
}

TEST(GenerationRequest, ARequestOfAnotherNodeIsHeldToTheSameRanges) {
  const TextAssets text = make_text();
  const auto refusal_of = [&](const SamplingWishes& wishes) {
    SubmitRequest request = make_request();
    request.settings.sampling = wishes;
    const auto choices = make_generations(request, prompt_of({1, 2}), text, 10);
    if (choices) return std::string();
    EXPECT_EQ(choices.error().code, ErrorCode::invalid_argument);
    return choices.error().message;
  };
  EXPECT_EQ(refusal_of({}), "");
  for (const SamplingRange& range : sampling_ranges()) {
    SamplingWishes wishes;
    for (const double wrong :
         {range.low - 0.1, range.high + 0.1, -1e308, 1e308, double{NAN}, double{INFINITY}}) {
      wishes.*range.setting = wrong;
      EXPECT_NE(refusal_of(wishes).find(range.name), std::string::npos) << range.name << " " << wrong;
    }
    wishes.*range.setting = range.high;
    EXPECT_EQ(refusal_of(wishes), "");
    wishes.*range.setting = range.low;
    EXPECT_EQ(refusal_of(wishes).empty(), !range.excludes_low) << range.name;
  }
  SamplingWishes wishes;
  wishes.min_p = 7;
  EXPECT_EQ(refusal_of(wishes), "min_p is 7, it must be from 0 to 1");
  wishes = {};
  wishes.top_k = -1;
  EXPECT_NE(refusal_of(wishes), "");
  wishes = {};
  for (const double wrong : {100.5, -1e308, double{NAN}}) {
    wishes.logit_bias = {{1, wrong}};
    EXPECT_NE(refusal_of(wishes), "");
  }
  SubmitRequest request = make_request();
  request.settings.stop_strings = {"x", ""};
  EXPECT_FALSE(make_generations(request, prompt_of({1}), text, 10));
  request = make_request();
  request.settings.seed.reset();
  EXPECT_FALSE(make_generations(request, prompt_of({1}), text, 10));
}

TEST(GenerationRequest, WhatAModelsFilesSayBeyondTheRangesIsPassedOver) {
  const GenerationDefaults model{
      .temperature = -1, .top_p = NAN, .top_k = -5, .min_p = 7, .repetition_penalty = 0};
  EXPECT_EQ(choose_sampling({}, model, 0), choose_sampling({}, {}, 0));
}

TEST(GenerationRequest, ChoicesShareThePromptAndTellThemselvesApartByIndex) {
  const TextAssets text = make_text();
  SubmitRequest request = make_request();
  request.settings.choice_count = 3;
  request.delivered = {{1}, {2, 3}};
  const auto choices = make_generations(request, prompt_of({1, 2}), text, 10);
  ASSERT_TRUE(choices) << choices.error().message;
  ASSERT_EQ(choices->size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*choices)[i].choice_index, i);
    EXPECT_EQ((*choices)[i].prompt, (std::vector<TokenId>{1, 2}));
    EXPECT_EQ((*choices)[i].sampling.seed, 7u);
  }
  EXPECT_EQ((*choices)[0].delivered, (std::vector<TokenId>{1}));
  EXPECT_EQ((*choices)[1].delivered, (std::vector<TokenId>{2, 3}));
  EXPECT_TRUE((*choices)[2].delivered.empty());
}

TEST(GenerationRequest, AnAnswerIsAtMostWhatTheContextHasLeft) {
  const TextAssets text = make_text();
  SubmitRequest request = make_request();
  EXPECT_EQ((*make_generations(request, prompt_of({1, 2}), text, 10))[0].max_tokens, 8);
  request.settings.max_tokens = 3;
  EXPECT_EQ((*make_generations(request, prompt_of({1, 2}), text, 10))[0].max_tokens, 3);
  request.settings.max_tokens = 1000;
  EXPECT_EQ((*make_generations(request, prompt_of({1, 2}), text, 10))[0].max_tokens, 8);
}

TEST(GenerationRequest, APromptThatFillsTheContextIsRefusedWithBothNumbers) {
  const auto refused = make_generations(make_request(), prompt_of({1, 2, 3}), make_text(), 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(
      refused.error().message,
      "This model's maximum context length is 3 tokens. However, your messages resulted in 3 tokens, and the "
      "answer needs room, too. Please reduce the length of the messages.");
}

TEST(GenerationRequest, APromptFarBeyondTheContextIsRefusedWithBothNumbersToo) {
  const TextAssets text = make_text();
  const auto counted = make_prompt(PromptText{std::string(60'000, 'a')}, {}, text, 10);
  ASSERT_TRUE(counted) << "make_generations tells its exact length";
  const auto refused = make_prompt(PromptText{std::string(50'000'000, 'a')}, {}, text, 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(
      refused.error().message,
      "This model's maximum context length is 10 tokens. However, your messages resulted in more than 65546 "
      "tokens, and the answer needs room, too. Please reduce the length of the messages.");
}

TEST(GenerationRequest, WhatIsNoTokenOfTheModelIsNamed) {
  const TextAssets text = make_text();
  const auto prompt = make_prompt(PromptTokens{{1, 400}}, {}, text, 10);
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(prompt.error().message.find("400"), std::string::npos) << prompt.error().message;

  SubmitRequest request = make_request();
  request.settings.sampling.logit_bias = {{-1, 1.0}};
  const auto refused = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("logit_bias"), std::string::npos) << refused.error().message;
}

TEST(GenerationRequest, APromptThatIsNothingOrNoJsonIsRefused) {
  const TextAssets text = make_text();
  for (const Prompt& prompt : {Prompt(PromptText{""}), Prompt(PromptTokens{}), Prompt(PromptChat{"{"})}) {
    const auto refused = make_prompt(prompt, {}, text, 10);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
}

TEST(GenerationRequest, AnErrorOfTheTemplatesOwnIsToldWithItsLine) {
  for (const auto& [source, message] :
       {std::pair("{% if messages %}\n{{ raise_exception('Roles must alternate') }}{% endif %}",
                  "chat template, line 2: Roles must alternate"),
        std::pair("\n\n{{ no_such_function(1) }}",
                  "chat template, line 3: 'no_such_function' is undefined")}) {
    TextAssets text = make_text();
    text.chat_template = *ChatTemplate::parse(source);
    const auto refused = make_prompt(PromptChat{R"({"messages": [{"role": "user"}]})"}, {}, text, 10);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().message, message);
  }
}

TEST(GenerationRequest, TheOutputsGrammarIsCompiledForTheModelsTokens) {
  const TextAssets text = make_text();
  SubmitRequest request = make_request();
  EXPECT_EQ(make_generations(request, prompt_of({1}), text, 10)->front().grammar, nullptr);
  request.settings.output = {.kind = OutputKind::gbnf, .source = "root ::= \"abc\""};
  request.settings.choice_count = 2;
  const auto generations = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_TRUE(generations) << generations.error().message;
  ASSERT_NE(generations->front().grammar, nullptr);
  EXPECT_EQ(generations->front().grammar, generations->back().grammar);
  EXPECT_EQ(make_generations(request, prompt_of({1}), text, 10)->front().grammar,
            generations->front().grammar);
  request.settings.output = {.kind = OutputKind::json_schema, .source = R"({"uniqueItems":true})"};
  const auto refused = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("uniqueItems"), std::string::npos);
}

TEST(GenerationRequest, ACallThatMustBeMadeHasAGrammarAndOneThatMayBeOnlyHasAnEnd) {
  TextAssets text = make_text();
  SubmitRequest request = make_request();
  request.is_chat = true;
  const std::string functions =
      R"([{"function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}])";
  request.tools = {.choice = ToolChoice::required, .functions = functions};
  const auto required = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_TRUE(required) << required.error().message;
  EXPECT_NE(required->front().grammar, nullptr);
  EXPECT_FALSE(required->front().single_call);
  request.tools = {.choice = ToolChoice::automatic, .is_parallel = false, .functions = functions};
  const auto automatic = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_TRUE(automatic) << automatic.error().message;
  EXPECT_EQ(automatic->front().grammar, nullptr);
  ASSERT_TRUE(automatic->front().single_call);
  EXPECT_TRUE(automatic->front().single_call->tools.has("f"));
  EXPECT_EQ(automatic->front().single_call->opening.format.calls, CallStyle::hermes);

  request.tools = {
      .choice = ToolChoice::required,
      .functions = R"([{"function":{"name":"f","strict":true,"parameters":{"uniqueItems":true}}}])"};
  const auto refused = make_generations(request, prompt_of({1}), text, 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("function \"f\""), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("uniqueItems"), std::string::npos) << refused.error().message;
}

TEST(GenerationRequest, ChoicesOutOfRangeAreRefused) {
  for (const uint32_t count : {0u, choice_limit + 1}) {
    SubmitRequest request = make_request();
    request.settings.choice_count = count;
    EXPECT_FALSE(make_generations(request, prompt_of({1}), make_text(), 10));
  }
  SubmitRequest request = make_request();
  request.delivered = {{1}, {1}};
  EXPECT_FALSE(make_generations(request, prompt_of({1}), make_text(), 10));
}

TEST(GenerationRequest, AnAnswerThatGoesOnWithATextKeepsItsFirstSpace) {
  const auto start_of = [](Prompt prompt) {
    SubmitRequest request = make_request();
    request.prompt = std::move(prompt);
    const auto choices = make_generations(request, prompt_of({1}), make_text(), 10);
    return choices ? choices->front().text_start : TextStart::beginning;
  };
  EXPECT_EQ(start_of(PromptText{"a"}), TextStart::continuation);
  EXPECT_EQ(start_of(PromptChat{R"({"messages": []})"}), TextStart::beginning);
  EXPECT_EQ(start_of(PromptChat{R"({"messages": [{"content": "\"continue_final_message\""}]})"}),
            TextStart::beginning);
  EXPECT_EQ(start_of(PromptChat{R"({"messages": [], "continue_final_message": true})"}),
            TextStart::continuation);
}

TEST(GenerationRequest, AnAnswerShowsTheMarksOfThinkingAndCallsInAChatOnly) {
  TextAssets text = make_text();
  text.markup_tokens = {3};
  SubmitRequest request = make_request();
  EXPECT_TRUE(make_generations(request, prompt_of({1, 2}), text, 10)->front().shown_tokens.empty());
  request.is_chat = true;
  EXPECT_EQ(make_generations(request, prompt_of({1, 2}), text, 10)->front().shown_tokens,
            std::vector<TokenId>{3});
}

}  // namespace
}  // namespace shoal
