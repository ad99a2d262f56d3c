// A step over a shard's layers, as the parts of the layers are written in. Every member of the team calls the
// same steps in the same order; each step divides its work among the members by output rows, heads or tokens,
// and waits for work of others before reading it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/function_ref.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/linear.h"
#include "model/workspace.h"

namespace shoal {

// One sequence's rows of a step.
struct PassSequence {
  std::byte* const* pages;  // indexed by position / kv_page_tokens
  int64_t first_position;
  int64_t row_count;
};

// A matrix that is multiplied with the input, and where its outputs go, [rows, outputs].
struct Projection {
  const Linear& linear;
  float* output;
};

// Hands out a part's scratch, at the same addresses to all members. What is written there in a phase can be
// read in the phases after it, until the part ends.
class Scratch {
 public:
  Scratch(std::byte* memory, int64_t row_count) : next_(memory), row_count_(row_count) {}

  // [rows, columns]
  float* take(int64_t columns) {
    std::byte* const taken = next_;
    next_ += row_count_ * scratch_row_bytes(columns);
    return reinterpret_cast<float*>(taken);
  }

 private:
  std::byte* next_;
  int64_t row_count_;
};

// Of one row, [pairs] each.
struct RopeAngles {
  const float* cosines;
  const float* sines;
  int64_t pairs;
};

// One member's view of a step over a shard's layers. What a part leaves for a later one in the same layer
// (the positions that an indexer chose for sparse attention) will lie here, too.
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
  // Moves on to the next layer's part of the KV pages.
  void next_layer() { ++layer_; }

  // Each of the following is one phase; of normalize() and offer_input(), only for more rows than each member
  // prepares for itself.

  // Makes the normalised hidden states the input of the projections that follow.
  void normalize(std::span<const float> weight);
  // Makes `source`, [rows, columns], the input.
  void offer_input(const float* source, int64_t columns) { set_input(source, columns, nullptr); }
  // The outputs of several matrices.
  void project(std::initializer_list<Projection> projections);
  // hidden += the matrix's outputs, [rows, hidden]. With a norm, which takes one more phase, it normalises
  // the outputs before.
  void project_and_add(const Linear& linear, std::span<const float> norm = {});
  // Whatever else the members share: `work` is called once for each range, by some member, and can divide
  // what there is to do by divide().
  void run_phase(FunctionRef<void(int64_t range)> work) { space_.phases_.run(phase_++, member_, work); }
  WorkRange divide(int64_t count, int64_t grain, int64_t range) const {
    return divide_work(count, grain, range, space_.phases_.range_count());
  }

  // Inside a phase: the given range of outputs for all rows of the input.
  void multiply(const Linear& linear, float* output, WorkRange outputs);
  void multiply(const WeightMatrix& weights, float* output, WorkRange outputs);
  // The same for another input, whose quantised rows are needed if quantizes() says so.
  void multiply(const Linear& linear, const MatmulInput& input, float* output, WorkRange outputs) const;
  // What the projections read.
  const MatmulInput& input();
  // Whether any matrix may read quantised input.
  bool quantizes() const { return space_.quantize_; }
  float* hidden_row(int64_t row) const { return hidden_ + row * shared_.config.hidden_size; }

  // A row of as many numbers as the norm has weights; `out` may be `x`.
  void normalize_row(const float* x, std::span<const float> weight, float* out) const;

  const ModelConfig& config() const { return shared_.config; }
  int64_t row_count() const { return row_count_; }
  const Kernels& kernels() const { return shared_.kernels; }
  Scratch scratch() const { return {space_.scratch_, row_count_}; }
  float* member_scratch() const { return space_.member_scratch_[static_cast<size_t>(member_)]; }
  RopeAngles angles(int64_t rope, int64_t row) const;

  KvType kv_type() const { return space_.kv_type_; }
  // Bytes from a page's start to the layer's part.
  int64_t kv_offset() const { return space_.kv_offsets_[static_cast<size_t>(layer_)]; }
  // Position and pages are those of the step; query and output are the attention's to fill in.
  std::span<AttentionRow> attention_rows() const { return space_.rows_; }
  // [rows + 1]: of all rows before this one, the chunks of keys up to their positions.
  std::span<const int64_t> chunks_before() const { return space_.chunks_before_; }

 private:
  bool is_small() const { return row_count_ <= own_row_limit; }
  void set_input(const float* source, int64_t columns, const float* norm_weight);
  void prepare_input(const Workspace::Activations& target, WorkRange rows) const;
  void place_input(const Workspace::Activations& target, int64_t row_limit);
  void require_input();

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
