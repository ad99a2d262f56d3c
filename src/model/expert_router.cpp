#include "model/expert_router.h"

#include <algorithm>
#include <limits>

#include "kernels/math.h"

namespace shoal {
namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

float sigmoid(float x) { return 1.0F / (1.0F + exp_f32(-x)); }

// The index of the largest value; of equal ones the lowest.
int64_t largest_index(std::span<const float> values) {
  int64_t best = 0;
  for (int64_t i = 1; i < std::ssize(values); ++i) {
    if (values[static_cast<size_t>(i)] > values[static_cast<size_t>(best)]) best = i;
  }
  return best;
}

float group_value(GroupScore score, std::span<const float> values) {
  float largest = never;
  float second = never;
  for (const float value : values) {
    second = std::max(second, std::min(largest, value));
    largest = std::max(largest, value);
  }
  return score == GroupScore::largest ? largest : largest + second;
}

// Experts outside of the best groups are never chosen.
void keep_best_groups(const ExpertsSpec& spec, std::span<float> values) {
  const auto size = static_cast<size_t>(spec.count / spec.group_count);
  const auto group = [&](int64_t number) { return values.subspan(static_cast<size_t>(number) * size, size); };
  for (int64_t dropped = 0; dropped < spec.group_count - spec.used_groups; ++dropped) {
    // The worst that is still there; of equal ones the last.
    int64_t worst = -1;
    float worst_value = 0;
    for (int64_t number = 0; number < spec.group_count; ++number) {
      if (std::ranges::all_of(group(number), [](float value) { return value == never; })) continue;
      const float value = group_value(spec.group_score, group(number));
      if (worst >= 0 && value > worst_value) continue;
      worst = number;
      worst_value = value;
    }
    if (worst >= 0) std::ranges::fill(group(worst), never);
  }
}

void weigh_by_softmax(const ExpertsSpec& spec, const Kernels& kernels, std::span<float> scores,
                      std::span<float> values, std::span<ExpertChoice> choices) {
  if (!spec.renormalises) {
    kernels.softmax(scores.data(), spec.count, scores.data());
    for (ExpertChoice& choice : choices) choice.weight = scores[static_cast<size_t>(choice.expert)];
    return;
  }
  for (size_t i = 0; i < choices.size(); ++i) values[i] = scores[static_cast<size_t>(choices[i].expert)];
  kernels.softmax(values.data(), spec.used, values.data());
  for (size_t i = 0; i < choices.size(); ++i) choices[i].weight = values[i];
}

void weigh_by_sigmoid(const ExpertsSpec& spec, std::span<const float> scores,
                      std::span<ExpertChoice> choices) {
  float sum = 0;
  for (ExpertChoice& choice : choices) {
    choice.weight = scores[static_cast<size_t>(choice.expert)];
    sum += choice.weight;
  }
  if (!spec.renormalises) return;
  for (ExpertChoice& choice : choices) choice.weight /= sum + 1e-20F;
}

}  // namespace

void choose_experts(const ExpertsSpec& spec, const Kernels& kernels, std::span<const float> bias,
                    std::span<float> scores, std::span<float> values, std::span<ExpertChoice> choices) {
  const bool is_sigmoid = spec.router == RouterKind::sigmoid;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (is_sigmoid) scores[i] = sigmoid(scores[i]);
    values[i] = bias.empty() ? scores[i] : scores[i] + bias[i];
  }
  if (spec.group_count > 1) keep_best_groups(spec, values);
  for (ExpertChoice& choice : choices) {
    const int64_t best = largest_index(values);
    choice.expert = static_cast<int32_t>(best);
    values[static_cast<size_t>(best)] = never;
  }
  std::ranges::sort(choices, {}, &ExpertChoice::expert);
  if (is_sigmoid) {
    weigh_by_sigmoid(spec, scores, choices);
  } else {
    weigh_by_softmax(spec, kernels, scores, values, choices);
  }
  for (ExpertChoice& choice : choices) choice.weight *= spec.weight_scale;
}

}  // namespace shoal
