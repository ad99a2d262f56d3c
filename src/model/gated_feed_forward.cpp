#include "model/gated_feed_forward.h"

#include <algorithm>

#include "model/forward_pass.h"

namespace shoal {

void GatedFeedForward::visit_weights(WeightVisitor visit) {
  const int64_t size = spec_.size;
  const auto fused = [&](int64_t first) {
    return WeightSource{.gguf = "ffn_up",
                        .hugging_face = "mlp.gate_up_proj",
                        .rows = {.stored_rows = 2 * size, .first = first}};
  };
  visit_linear(visit, {spec_.is_fused ? fused(0) : WeightSource{"ffn_gate", "mlp.gate_proj"}},
               {size, hidden_size_}, Bias::none, gate_);
  visit_linear(visit, {spec_.is_fused ? fused(size) : WeightSource{"ffn_up", "mlp.up_proj"}},
               {size, hidden_size_}, Bias::none, up_);
  visit_linear(visit, {{"ffn_down", "mlp.down_proj"}}, {hidden_size_, size}, Bias::none, down_);
}

StepNeeds GatedFeedForward::needs() const {
  return {.row_bytes = 2 * scratch_row_bytes(spec_.size),
          .input_columns = std::max(hidden_size_, spec_.size),
          .phases = 4};
}

void GatedFeedForward::forward(ForwardPass& pass, std::span<const float> output_norm) const {
  Scratch scratch = pass.scratch();
  const int64_t size = spec_.size;
  float* const gate = scratch.take(size);  // [rows, size]
  float* const up = scratch.take(size);    // [rows, size]
  const auto activate =
      spec_.activation == Activation::silu ? pass.kernels().silu_multiply : pass.kernels().gelu_multiply;
  pass.run_phase([&](int64_t range) {
    const WorkRange outputs = pass.divide(size, row_interleave, range);
    pass.multiply(gate_, gate, outputs);
    pass.multiply(up_, up, outputs);
    for (int64_t row = 0; row < pass.row_count(); ++row) {
      const int64_t offset = row * size + outputs.begin;
      activate(gate + offset, up + offset, outputs.end - outputs.begin, gate + offset);
    }
  });
  pass.offer_input(gate, size);
  pass.project_and_add(down_, output_norm);
}

}  // namespace shoal
