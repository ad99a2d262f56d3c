// What a model has outside of its layers: the embedding before them, final norm and output matrix behind
// them. A family's factor of the embedding and soft cap of the logits are applied here. A block that predicts
// the token after the next would be a layer of its own between the two.
#pragma once

#include <vector>

#include "base/ids.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/weight.h"

namespace shoal {

class ForwardPass;

struct Head {
  WeightMatrix embedding;          // [vocabulary, hidden]
  std::vector<float> output_norm;  // [hidden]
  WeightMatrix output;             // [vocabulary, hidden]; empty when the embedding serves as both

  void visit_weights(const ModelConfig& config, WeightVisitor visit);

  // Writes the token's hidden state before the first layer, [hidden].
  void embed(const ModelConfig& config, const Kernels& kernels, TokenId token, float* hidden) const;

  // The logits of the pass's rows, [rows, vocabulary], after the last layer; called by every member of the
  // team. False when one that this member computed is not finite.
  bool compute_logits(ForwardPass& pass, float* logits) const;
};

}  // namespace shoal
