// A mixture of experts (Shazeer et al. 2017): a router chooses for each token a few of many feed-forward
// parts; their outputs are added with the router's weights, in ascending order, and then those of an expert
// that all tokens share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/expert_router.h"
#include "model/linear.h"
#include "model/step_needs.h"

namespace shoal {

class ForwardPass;

class Experts {
 public:
  Experts(const ModelConfig& config, const LayerSpec& layer);

  void visit_weights(WeightVisitor visit);
  StepNeeds needs() const;
  // hidden += the weighted outputs of each row's experts for the input
  void forward(ForwardPass& pass) const;

 private:
  struct Expert {
    Linear gate;  // [size, hidden]
    Linear up;    // [size, hidden]
    Linear down;  // [hidden, size]
  };
  struct Plan;
  // An expert, and which rows of the step go to it.
  struct Active {
    const Expert& expert;
    int64_t size;
    std::span<const int32_t> rows;   // empty: all rows of the step
    std::span<const float> weights;  // of each row
    float* gated;                    // [rows, size]
    float* up;                       // [rows, size]
    QuantizedRows quantized;         // of `gated`
  };

  void visit_expert(WeightVisitor visit, int64_t number);
  void visit_shared(WeightVisitor visit);
  Plan make_plan(const ForwardPass& pass) const;
  void choose(const ForwardPass& pass, const Plan& plan, WorkRange rows) const;
  void sort_entries(const Plan& plan) const;
  void for_each_active(const Plan& plan, FunctionRef<void(const Active&)> work) const;
  void gate_range(ForwardPass& pass, const Plan& plan, int64_t range) const;
  void gate(ForwardPass& pass, const Active& active, WorkRange outputs) const;
  void gate_rows(const ForwardPass& pass, const Active& active, const MatmulInput& input, int64_t first,
                 WorkRange outputs) const;
  void quantize_range(const ForwardPass& pass, const Plan& plan, int64_t range) const;
  void combine_range(ForwardPass& pass, const Plan& plan, int64_t range) const;
  void add_outputs(const ForwardPass& pass, const Plan& plan, const Active& active, WorkRange outputs) const;

  ExpertsSpec spec_;
  int64_t hidden_size_;
  Linear router_;                   // [count, hidden]
  std::vector<float> choice_bias_;  // [count], or empty
  std::vector<Expert> experts_;
  Expert shared_;
  Linear shared_gate_;  // [1, hidden]
};

}  // namespace shoal
