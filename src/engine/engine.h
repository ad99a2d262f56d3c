// An engine computes one shard on one device. The ring drives it; it knows nothing of nodes, of requests or
// of what tokens mean. Only one thread at a time may call an engine.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

// One sequence's rows in a step. First the slot's keys and values at positions keep_length and above are
// dropped; then its rows are added at positions keep_length, keep_length + 1, … This is how speculation and
// retries roll back.
struct SequenceRows {
  int32_t slot;
  int64_t keep_length;
  int64_t row_count;

  bool operator==(const SequenceRows&) const = default;
};

// The rows of a step: those of all sequences, one sequence after another in the order of `sequences`, in
// which a slot stands at most once. Released slots give their pages back before anything else happens. A
// batch without rows is legal.
struct StepBatch {
  std::vector<SequenceRows> sequences;
  std::vector<int32_t> released_slots;

  int64_t row_count() const {
    int64_t count = 0;
    for (const SequenceRows& sequence : sequences) count += sequence.row_count;
    return count;
  }
  bool operator==(const StepBatch&) const = default;
};

struct EngineInfo {
  int64_t first_layer;
  int64_t end_layer;
  bool is_head;  // has the embedding, the final norm and the output matrix
  int64_t hidden_size;
  int64_t vocabulary_size;
  int64_t context_length;  // positions a sequence may have
  int64_t slot_limit;      // slots are 0 … slot_limit - 1
  int64_t row_limit;       // rows a step may have
  int64_t page_tokens;     // tokens a KV page holds
  int64_t page_capacity;   // pages that all slots share
  // Its results have the same bits however the model is split. A ring is exact if all its engines are.
  bool is_exact;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual const EngineInfo& info() const = 0;

  // Runs the shard's layers over `hidden`, [batch.row_count(), hidden_size], in place. invalid_argument for a
  // batch that breaks the limits above, resource_exhausted when there are too few free pages; of such a batch
  // nothing has happened but at most its releases.
  virtual Result<void> step(const StepBatch& batch, std::span<float> hidden) = 0;

  // Head only: writes the tokens' embeddings to `hidden`, [tokens, hidden_size]. invalid_argument for a token
  // that is not of the vocabulary.
  virtual Result<void> embed(std::span<const TokenId> tokens, std::span<float> hidden) = 0;

  // Head only: applies the final norm and the output matrix. hidden: [rows, hidden_size], logits: [rows,
  // vocabulary_size]. Any number of rows. internal when a logit is not finite.
  virtual Result<void> compute_logits(std::span<const float> hidden, std::span<float> logits) = 0;

  // step() calls the observer after each layer, with the layer's output [rows, hidden_size]; for tools and
  // tests that look inside. An empty function ends this.
  using LayerObserver = std::function<void(int64_t layer, std::span<const float> hidden)>;
  virtual void observe_layers(LayerObserver observer) = 0;
};

}  // namespace shoal
