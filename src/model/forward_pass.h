// The steps that layers are written in. Every member of the team calls the same steps in the same order; each
// step divides its work among the members by output rows, heads or tokens, and waits for work of others
// before reading it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_team.h"
#include "base/work_phases.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/linear.h"
#include "tensor/buffer.h"

namespace shoal {

// Memory for the activations of a step, sized once for the most rows. A shard has one.
class Workspace {
 public:
  struct Settings {
    int64_t row_limit;
    int64_t thread_count;
    int64_t layer_count;  // layers of the shard
    KvLayout kv;
    bool quantize;  // whether any matrix multiplies int8 activations
  };
  // resource_exhausted when there is no memory.
  static Result<Workspace> create(const ModelConfig& config, const Settings& settings);

 private:
  friend class ForwardPass;

  // Input of a projection, in memory of one member or shared by all.
  struct Activations {
    float* values;         // [row limit, hidden]
    std::byte* quantized;  // rows of the widest input, quantised; null: not needed
  };

  Workspace(const Settings& settings);

  WorkPhases phases_;
  Buffer memory_;
  int64_t row_limit_ = 0;
  bool quantize_ = false;
  KvLayout kv_{};
  float* query_ = nullptr;      // [rows, heads, head_dim]
  float* key_ = nullptr;        // [rows, kv_heads, head_dim]
  float* value_ = nullptr;      // [rows, kv_heads, head_dim]
  float* attended_ = nullptr;   // [rows, heads, head_dim]
  float* gate_ = nullptr;       // [rows, feed_forward]
  float* up_ = nullptr;         // [rows, feed_forward]
  float* projected_ = nullptr;  // [rows, hidden]
  float* cosines_ = nullptr;    // [rows, pairs]
  float* sines_ = nullptr;      // [rows, pairs]
  Activations shared_{};
  std::vector<Activations> own_;    // [members], of own_row_limit rows each
  std::vector<float*> scratch_;     // [members], scratch for attention
  std::vector<AttentionRow> rows_;  // [rows of the step]
  std::vector<int64_t>
      cost_before_;  // [rows + 1], the attention work of all rows before this one, in chunks of keys
};

// One sequence's rows of a step.
struct PassSequence {
  std::byte* const* pages;  // indexed by position / kv_page_tokens
  int64_t first_position;
  int64_t row_count;
};

// One member's view of a step over a shard's layers.
class ForwardPass {
 public:
  struct Shared {
    const ModelConfig& config;
    const Kernels& kernels;
    Workspace& workspace;
  };

  // Begins a pass. Called by one thread before the team runs.
  static void begin(const Shared& shared) { shared.workspace.phases_.reset(); }
  // Places the rows of the sequences, which attention needs. Called after begin() when layers are run. No
  // allocation.
  static void place_rows(const Shared& shared, std::span<const PassSequence> sequences);

  // `hidden`, [row_count, hidden_size], is changed in place.
  ForwardPass(const Shared& shared, int64_t member, float* hidden, int64_t row_count);

  // Computes the rope angles of all rows; called once, before the first layer.
  void compute_angles();

  // The steps of a layer. architectures/llama.cpp shows the shapes that each reads and writes.
  void normalize(std::span<const float> weight);
  void project_attention(const Linear& query, const Linear& key, const Linear& value);
  void rotate_and_store();
  void attend();
  void project_and_add(const Linear& linear);
  void project_gated(const Linear& gate, const Linear& up);

  // Called after the last layer, on the head: the logits of the normalised rows, [row_count,
  // vocabulary_size]. False when one that this member computed is not finite.
  bool project_logits(const WeightMatrix& output, float* logits);

  // Moves on to the next layer's part of the KV pages.
  void next_layer() { ++layer_; }

 private:
  struct Projection {
    const Linear& linear;
    float* output;
  };

  bool is_small() const;
  int64_t head_size() const { return shared_.config.head_count * shared_.config.head_dim; }
  int64_t kv_size() const { return shared_.config.kv_head_count * shared_.config.head_dim; }
  int64_t range_count() const { return space_.phases_.range_count(); }
  void run_phase(FunctionRef<void(int64_t range)> work) { space_.phases_.run(phase_++, member_, work); }

  void offer_input(const float* source, int64_t columns, const float* norm_weight);
  void prepare_input(const Workspace::Activations& target, WorkRange rows) const;
  void place_input(const Workspace::Activations& target, int64_t row_limit);
  void require_input();
  void multiply(const Linear& linear, float* output, WorkRange outputs) const;
  void rotate_and_store_row(int64_t row) const;
  void attend_range(WorkRange cost) const;
  void attend_head(int64_t head, int64_t first_row, int64_t end_row) const;

  Shared shared_;
  Workspace& space_;
  int64_t member_;
  float* hidden_;
  int64_t row_count_;
  int64_t layer_ = 0;
  int64_t phase_ = 0;

  // What the next projection reads: the source, normalised if `norm_weight_` is set, then quantised if need
  // be.
  const float* source_ = nullptr;  // [rows, source columns]
  int64_t source_columns_ = 0;
  const float* norm_weight_ = nullptr;
  bool has_input_ = false;
  QuantizedRows quantized_{};
  MatmulInput input_{};
};

}  // namespace shoal
