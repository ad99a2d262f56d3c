#include "model/head.h"

namespace shoal {

void Head::visit_weights(const ModelConfig& config, WeightVisitor visit) {
  const bool is_tied = config.tied_embeddings;
  const std::vector<int64_t> matrix = {config.vocabulary_size, config.hidden_size};
  visit({.sources = {{"token_embd.weight", "model.embed_tokens.weight"}},
         .shape = matrix,
         .target = &embedding,
         .read_per_token = is_tied ? 1.0 : 0.0});  // else a row of it is looked up
  visit({.sources = {{"output_norm.weight", "model.norm.weight"}},
         .shape = {config.hidden_size},
         .target = &output_norm});
  // A file with tied embeddings may hold a second copy.
  visit({.sources = {{"output.weight", "lm_head.weight"}},
         .shape = matrix,
         .target = &output,
         .need = is_tied ? Need::unused : Need::required});
}

}  // namespace shoal
