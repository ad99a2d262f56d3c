// Random generations, what a client hears of them, and what it hears of the same generation alone on a ring
// of one node.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/simulated_world_for_test.h"
#include "ring/hash_engine_for_test.h"
#include "ring/ring_limits.h"
#include "scheduler/scheduler.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal::simulation {

inline constexpr int64_t layer_count = 6;
inline constexpr int64_t vocabulary_size = 64;
inline constexpr int64_t context_length = 96;

// The vocabulary: letters, some tokens of two letters, the bytes of "é" one by one, and an end token.
inline const Tokenizer& tokenizer() {
  static const FakeTokenizer tokenizer = [] {
    std::vector<std::string> tokens;
    for (int64_t i = 0; i < vocabulary_size; ++i) {
      const char letter = static_cast<char>('a' + i % 26);
      tokens.push_back(i < 40 ? std::string(1, letter) : std::string{letter, 'x'});
    }
    tokens[50] = "\xC3";
    tokens[51] = "\xA9";
    tokens[63] = "<end>";
    return FakeTokenizer(tokens, {63}, {63});
  }();
  return tokenizer;
}

inline int64_t random_between(std::mt19937_64& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

inline Generation random_generation(std::mt19937_64& random, RequestId request, uint32_t choice_index) {
  Generation generation{};
  generation.request = std::move(request);
  generation.choice_index = choice_index;
  generation.prompt.resize(static_cast<size_t>(random_between(random, 1, 40)));
  for (TokenId& token : generation.prompt) token = static_cast<TokenId>(random_between(random, 0, 62));
  generation.max_tokens = random_between(random, 1, 40);
  generation.sampling.temperature = random_between(random, 0, 1) == 0 ? 0.0 : 0.7;
  generation.sampling.seed = random();
  if (random_between(random, 0, 2) == 0) generation.settings.stop_strings = {"ab", "xx", "q"};
  if (random_between(random, 0, 2) == 0) generation.settings.min_tokens = random_between(random, 1, 10);
  if (random_between(random, 0, 3) == 0) generation.settings.top_logprobs = 2;
  return generation;
}

// What a client has heard of one choice.
struct Heard {
  std::vector<TokenId> tokens;
  std::vector<float> logprobs;
  std::string text;
  std::vector<GenerationEnd> ends;
  std::vector<Error> errors;

  size_t end_count() const { return ends.size() + errors.size(); }
};

using Choice = std::pair<RequestId, uint32_t>;

class Client final : public TokenSink {
 public:
  void on_token(const RequestId& request, uint32_t choice_index, DeliveredToken token) override {
    Heard& heard = heard_of[{request, choice_index}];
    EXPECT_EQ(heard.end_count(), 0u) << "nothing follows the end";
    EXPECT_EQ(token.index, std::ssize(heard.tokens)) << "no token is lost or told twice";
    heard.tokens.push_back(token.token);
    heard.text += token.text;
    if (token.logprob) heard.logprobs.push_back(token.logprob->logprob);
  }
  void on_finished(const RequestId& request, uint32_t choice_index, GenerationEnd end) override {
    Heard& heard = heard_of[{request, choice_index}];
    heard.text += end.text;
    heard.ends.push_back(std::move(end));
  }
  void on_failed(const RequestId& request, uint32_t choice_index, Error error) override {
    heard_of[{request, choice_index}].errors.push_back(std::move(error));
  }
  std::map<Choice, Heard> heard_of;
};

// The oracle: the same generation with nothing beside it, on one node with room for everything.
inline Heard heard_alone(const Generation& generation) {
  SimulatedWorld world(1);
  EngineInfo info = HashEngine::default_info(0, layer_count);
  info.vocabulary_size = vocabulary_size;
  info.context_length = context_length;
  Client client;
  Scheduler scheduler({}, world.make_loop("scheduler"), tokenizer(), client);
  Ring::Settings settings;
  settings.limits = combine_limits(std::vector{info}).value();
  Ring ring(settings, world.make_loop("engine"), world.make_loop("timer"), std::make_shared<HashEngine>(info),
            nullptr, scheduler);
  scheduler.start(ring);
  EXPECT_TRUE(scheduler.submit(generation));
  EXPECT_TRUE(world.run_for(std::chrono::hours(1)));
  const Heard heard = client.heard_of[{generation.request, generation.choice_index}];
  EXPECT_EQ(heard.ends.size(), 1u);
  return heard;
}

}  // namespace shoal::simulation
