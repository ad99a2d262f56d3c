#include "model/gated_feed_forward.h"

#include <algorithm>

#include "model/forward_pass.h"

namespace shoal {

void GatedFeedForward::visit_weights(WeightVisitor visit) {
  visit_linear(visit, {{"ffn_gate", "mlp.gate_proj"}}, {size_, hidden_size_}, Bias::none, gate_);
  visit_linear(visit, {{"ffn_up", "mlp.up_proj"}}, {size_, hidden_size_}, Bias::none, up_);
  visit_linear(visit, {{"ffn_down", "mlp.down_proj"}}, {hidden_size_, size_}, Bias::none, down_);
}

StepNeeds GatedFeedForward::needs() const {
  return {
      .row_bytes = 2 * scratch_row_bytes(size_), .input_columns = std::max(hidden_size_, size_), .phases = 3};
}

void GatedFeedForward::forward(ForwardPass& pass) const {
  Scratch scratch = pass.scratch();
  float* const gate = scratch.take(size_);  // [rows, size]
  float* const up = scratch.take(size_);    // [rows, size]
  pass.run_phase([&](int64_t range) {
    const WorkRange outputs = pass.divide(size_, row_interleave, range);
    pass.multiply(gate_, gate, outputs);
    pass.multiply(up_, up, outputs);
    for (int64_t row = 0; row < pass.row_count(); ++row) {
      const int64_t offset = row * size_ + outputs.begin;
      pass.kernels().silu_multiply(gate + offset, up + offset, outputs.end - outputs.begin, gate + offset);
    }
  });
  pass.offer_input(gate, size_);
  pass.project_and_add(down_);
}

}  // namespace shoal
