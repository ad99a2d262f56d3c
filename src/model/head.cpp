#include "model/head.h"

#include <bit>

#include "model/forward_pass.h"

namespace shoal {
namespace {

bool all_finite(const float* values, int64_t count) {
  constexpr uint32_t exponent = 0x7f800000;
  uint32_t bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(values[i]) & exponent) == exponent);
  }
  return bad == 0;
}

}  // namespace

void Head::visit_weights(const ModelConfig& config, WeightVisitor visit) {
  const bool is_tied = config.tied_embeddings;
  const std::vector<int64_t> matrix = {config.vocabulary_size, config.hidden_size};
  visit({.sources = {{"token_embd.weight", "model.embed_tokens.weight"}},
         .shape = matrix,
         .target = &embedding,
         .read_per_token = is_tied ? 1.0 : 0.0});  // else a row of it is looked up
  visit({.sources = {{"output_norm.weight", "model.norm.weight"}},
         .shape = {config.hidden_size},
         .target = &output_norm,
         .added = config.added_to_norms});
  // A file with tied embeddings may hold a second copy.
  visit({.sources = {{"output.weight", "lm_head.weight"}},
         .shape = matrix,
         .target = &output,
         .need = is_tied ? Need::unused : Need::required});
}

void Head::embed(const ModelConfig& config, const Kernels& kernels, TokenId token, float* hidden) const {
  kernels.dequantize_row(embedding, token, hidden);
  if (config.embedding_scale == 1) return;
  for (int64_t i = 0; i < config.hidden_size; ++i) hidden[i] *= config.embedding_scale;
}

bool Head::compute_logits(ForwardPass& pass, float* logits) const {
  const WeightMatrix& matrix = output.rows() == 0 ? embedding : output;
  const int64_t columns = matrix.rows();
  const float cap = pass.config().logit_soft_cap;
  bool finite = true;
  pass.normalize(output_norm);
  pass.run_phase([&](int64_t range) {
    const WorkRange outputs = pass.divide(columns, row_interleave, range);
    pass.multiply(matrix, logits, outputs);
    for (int64_t row = 0; row < pass.row_count(); ++row) {
      float* const part = logits + row * columns + outputs.begin;
      if (cap > 0) pass.kernels().soft_cap(part, cap, outputs.end - outputs.begin);
      finite &= all_finite(part, outputs.end - outputs.begin);
    }
  });
  return finite;
}

}  // namespace shoal
