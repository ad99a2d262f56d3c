#include "model/expert_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace shoal {
namespace {

using testing::ElementsAre;

struct Chosen {
  std::vector<int> experts;
  std::vector<float> weights;
};

Chosen choose(const ExpertsSpec& spec, std::vector<float> scores, const std::vector<float>& bias = {}) {
  std::vector<float> values(scores.size());
  std::vector<ExpertChoice> choices(static_cast<size_t>(spec.used));
  choose_experts(spec, kernels_for(Isa::reference), bias, scores, values, choices);
  Chosen chosen;
  for (const ExpertChoice& choice : choices) {
    chosen.experts.push_back(choice.expert);
    chosen.weights.push_back(choice.weight);
  }
  return chosen;
}

ExpertsSpec spec_of(int64_t count, int64_t used, RouterKind router) {
  ExpertsSpec spec;
  spec.count = count;
  spec.used = used;
  spec.router = router;
  return spec;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(ExpertRouter, WeighsBySoftmaxOfAllOrOfTheChosen) {
  ExpertsSpec spec = spec_of(4, 2, RouterKind::softmax);
  const std::vector<float> scores = {0, 3, 1, 2};
  const double all = 1 + std::exp(3.0) + std::exp(1.0) + std::exp(2.0);
  const Chosen plain = choose(spec, scores);
  EXPECT_THAT(plain.experts, ElementsAre(1, 3));
  EXPECT_FLOAT_EQ(plain.weights[0], static_cast<float>(std::exp(3.0) / all));
  EXPECT_FLOAT_EQ(plain.weights[1], static_cast<float>(std::exp(2.0) / all));
  spec.renormalises = true;
  spec.weight_scale = 2;
  const Chosen summing = choose(spec, scores);
  EXPECT_FLOAT_EQ(summing.weights[0], static_cast<float>(2 * sigmoid(1)));
  EXPECT_FLOAT_EQ(summing.weights[1], static_cast<float>(2 * sigmoid(-1)));
}

TEST(ExpertRouter, TheBiasChoosesButDoesNotWeigh) {
  ExpertsSpec spec = spec_of(4, 2, RouterKind::sigmoid);
  spec.has_choice_bias = true;
  spec.renormalises = true;
  const Chosen chosen = choose(spec, {2, 1, 0, -1}, {0, 0, 0, 1});
  EXPECT_THAT(chosen.experts, ElementsAre(0, 3));
  EXPECT_FLOAT_EQ(chosen.weights[0], static_cast<float>(sigmoid(2) / (sigmoid(2) + sigmoid(-1))));
}

TEST(ExpertRouter, OfEqualScoresTheLowerIndexWins) {
  for (const RouterKind router : {RouterKind::softmax, RouterKind::sigmoid}) {
    EXPECT_THAT(choose(spec_of(6, 3, router), {1, 1, 2, 1, 1, 1}).experts, ElementsAre(0, 1, 2));
  }
}

// The best single expert is in group 2, the best pair in group 1; groups of equal value: the lower one.
TEST(ExpertRouter, ChoosesAmongTheBestGroups) {
  ExpertsSpec spec = spec_of(8, 2, RouterKind::softmax);
  spec.group_count = 4;
  spec.used_groups = 1;
  const std::vector<float> scores = {0, 0, 4, 4, 5, 0, 0, 0};
  EXPECT_THAT(choose(spec, scores).experts, ElementsAre(4, 5));
  spec.group_score = GroupScore::sum_of_two_largest;
  EXPECT_THAT(choose(spec, scores).experts, ElementsAre(2, 3));
  EXPECT_THAT(choose(spec, {1, 1, 1, 1, 1, 1, 1, 1}).experts, ElementsAre(0, 1));
}

}  // namespace
}  // namespace shoal
