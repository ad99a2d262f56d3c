// One shard on one device. The ring drives it; it knows nothing of nodes, requests or tokens' meaning.
// One thread at a time calls an engine.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace shoal {

// One sequence's rows in a step. What the slot's KV holds at and beyond keep_length is dropped first; the
// rows' positions are keep_length, keep_length + 1, … This is how speculation and retries roll back.
struct SequenceRows {
  int32_t slot;
  int64_t keep_length;
  int64_t row_count;

  bool operator==(const SequenceRows&) const = default;
};

// The rows of all sequences, one after another in the order of `sequences`. A slot stands in it at most once.
// Released slots give their pages back before anything else. A batch without rows is legal.
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
  bool is_head;  // owns embedding, final norm and output matrix
  int64_t hidden_size;
  int64_t vocabulary_size;
  int64_t context_length;  // positions a sequence may have
  int64_t slot_limit;      // slots are 0 … slot_limit - 1
  int64_t row_limit;       // rows of a step
  int64_t page_tokens;     // tokens a KV page holds
  int64_t page_capacity;   // pages of all slots together
  bool is_exact;           // same bits whatever the split; a ring is exact if all its engines are
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual const EngineInfo& info() const = 0;

  // Runs the shard's layers over `hidden`, [batch.row_count(), hidden_size], in place. invalid_argument for a
  // batch that breaks the limits above, resource_exhausted when pages run out: nothing of the batch but its
  // releases has then happened.
  virtual Result<void> step(const StepBatch& batch, std::span<float> hidden) = 0;

  // Head only. hidden: [tokens, hidden_size].
  virtual Result<void> embed(std::span<const TokenId> tokens, std::span<float> hidden) = 0;

  // Head only: final norm and output matrix. hidden: [rows, hidden_size], logits: [rows, vocabulary_size].
  // internal when a logit is not finite.
  virtual Result<void> compute_logits(std::span<const float> hidden, std::span<float> logits) = 0;

  // Called in step() after each layer with [rows, hidden_size]; for looking inside. Empty: none.
  using LayerObserver = std::function<void(int64_t layer, std::span<const float> hidden)>;
  virtual void observe_layers(LayerObserver observer) = 0;
};

}  // namespace shoal
