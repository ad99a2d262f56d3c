// Samples with any settings, logits, history and masks. If settings and logits are finite and some id stands
// for a token, the result is a token with a chance to be drawn, and the same one again. Otherwise it is an
// error.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "engine/sampler.h"

namespace {

// Reads values from the input's bytes; zeros follow their end.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <class T>
  T take() {
    T value{};
    const size_t count = std::min(sizeof(T), size_);
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }
  uint8_t byte() { return take<uint8_t>(); }
  // Half of the time a number from the list or one from 0.2 to 2, otherwise any bits.
  double number() {
    constexpr double usual[] = {0, 1, 0.5, 0.9, 2, -2, 1e-308, 1e308, -1e308, 7, 100, -100, 1e-12, -0.0};
    const uint8_t choice = byte();
    if (choice < std::size(usual)) return usual[choice];
    return choice < 128 ? choice / 64.0 : take<double>();
  }
  bool has_more() const { return size_ > 0; }

 private:
  const uint8_t* data_;
  size_t size_;
};

shoal::SamplingSettings take_settings(Bytes& bytes) {
  shoal::SamplingSettings settings;
  settings.temperature = bytes.number();
  settings.top_k = bytes.byte() < 128 ? bytes.byte() : bytes.take<int64_t>();
  settings.top_p = bytes.number();
  settings.min_p = bytes.number();
  settings.repetition_penalty = bytes.number();
  settings.presence_penalty = bytes.number();
  settings.frequency_penalty = bytes.number();
  settings.seed = bytes.byte();
  for (int count = bytes.byte() % 4; count > 0; --count) {
    const shoal::TokenId token = bytes.byte() < 240 ? bytes.byte() : bytes.take<shoal::TokenId>();
    settings.logit_bias[token] = bytes.number();
  }
  return settings;
}

std::vector<shoal::TokenId> take_tokens(Bytes& bytes, int most) {
  std::vector<shoal::TokenId> tokens;
  for (int count = bytes.byte() % (most + 1); count > 0; --count) tokens.push_back(bytes.byte());
  return tokens;
}

std::vector<uint64_t> take_mask(Bytes& bytes) {
  std::vector<uint64_t> words;
  for (int count = bytes.byte() % 4; count > 0; --count) words.push_back(bytes.take<uint64_t>());
  return words;
}

std::vector<float> take_logits(Bytes& bytes) {
  std::vector<float> logits;
  const bool are_small = bytes.byte() < 200;
  while (bytes.has_more() && logits.size() < 300) {
    logits.push_back(are_small ? static_cast<float>(bytes.byte()) / 8 - 16 : bytes.take<float>());
  }
  return logits;
}

bool has_bit(const std::vector<uint64_t>& words, size_t index) {
  return index / 64 < words.size() && (words[index / 64] >> (index % 64) & 1) != 0;
}

bool are_finite(const shoal::SamplingSettings& settings, const std::vector<float>& logits) {
  const auto numbers = {settings.temperature,
                        settings.top_p,
                        settings.min_p,
                        settings.repetition_penalty,
                        settings.presence_penalty,
                        settings.frequency_penalty};
  return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); }) &&
         std::ranges::all_of(settings.logit_bias,
                             [](const auto& entry) { return std::isfinite(entry.second); }) &&
         std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  const shoal::SamplingSettings settings = take_settings(bytes);
  const std::vector<shoal::TokenId> prompt = take_tokens(bytes, 8);
  const std::vector<shoal::TokenId> output = take_tokens(bytes, 8);
  const std::vector<shoal::TokenId> forbidden = take_tokens(bytes, 3);
  const std::vector<uint64_t> allowed = take_mask(bytes);
  const std::vector<uint64_t> tokens = take_mask(bytes);
  const int64_t top_count = bytes.byte() % 25;
  const std::vector<float> logits = take_logits(bytes);
  const shoal::SampleContext context{.prompt = prompt,
                                     .output = output,
                                     .choice_index = 0,
                                     .forbidden = forbidden,
                                     .allowed = allowed,
                                     .tokens = tokens};
  const auto stands_for_one = [&](size_t id) { return tokens.empty() || has_bit(tokens, id); };
  const auto may_come = [&](size_t id) {
    return stands_for_one(id) && (allowed.empty() || has_bit(allowed, id)) &&
           std::ranges::find(forbidden, static_cast<shoal::TokenId>(id)) == forbidden.end();
  };
  int64_t token_count = 0;
  bool any_may_come = false;
  for (size_t id = 0; id < logits.size(); ++id) {
    token_count += stands_for_one(id) ? 1 : 0;
    any_may_come = any_may_come || may_come(id);
  }

  const auto sample = shoal::sample_token(logits, settings, context, top_count);
  const auto probabilities = shoal::sampling_probabilities(logits, settings, context);
  CHECK(sample.has_value() == (are_finite(settings, logits) && token_count > 0));
  CHECK(sample.has_value() == probabilities.has_value());
  if (!sample) return 0;
  const auto token = static_cast<size_t>(sample->token.token);
  CHECK(token < logits.size() && stands_for_one(token) && (!any_may_come || may_come(token)));
  CHECK((*probabilities)[token] > 0);
  double sum = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    CHECK((*probabilities)[id] >= 0);
    CHECK((*probabilities)[id] == 0 || stands_for_one(id));
    sum += (*probabilities)[id];
  }
  CHECK(std::abs(sum - 1) < 1e-6);
  CHECK(std::ssize(sample->top) == std::min(top_count, token_count));
  for (const shoal::TokenProbability& top : sample->top) {
    CHECK(std::isfinite(top.logprob) && stands_for_one(static_cast<size_t>(top.token)));
  }
  CHECK(std::isfinite(sample->token.logprob));
  CHECK(shoal::sample_token(logits, settings, context, std::nullopt)->token.token == sample->token.token);
  return 0;
}
