// The memory that a shard's steps work in: activations, and the plan of the current step's rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/work_phases.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "model/step_needs.h"
#include "tensor/buffer.h"

namespace shoal {

// Sized once, for the most rows. A shard has one.
class Workspace {
 public:
  struct Settings {
    int64_t row_limit;
    int64_t thread_count;
    KvType kv_type;
    bool quantize;  // whether any matrix multiplies int8 activations
  };
  // `layers` has the needs of each of the shard's layers. resource_exhausted when there is no memory.
  static Result<Workspace> create(const ModelConfig& config, std::span<const StepNeeds> layers,
                                  const Settings& settings);

 private:
  friend class ForwardPass;

  // Input of a projection, in memory of one member or shared by all.
  struct Activations {
    float* values;         // [row limit, hidden]
    std::byte* quantized;  // rows of the widest input, quantised; null: not needed
  };
  struct Angles {
    float* cosines;  // [rows, pairs]
    float* sines;    // [rows, pairs]
  };

  Workspace(std::span<const StepNeeds> layers, const Settings& settings);

  WorkPhases phases_;
  Buffer memory_;
  int64_t row_limit_;
  bool quantize_;
  KvType kv_type_;
  std::vector<int64_t> kv_offsets_;  // [layers], bytes from a page's start to the layer's part
  std::byte* scratch_ = nullptr;     // of the part that runs, for all rows
  float* projected_ = nullptr;       // [rows, hidden]
  std::vector<Angles> angles_;       // [ropes]
  Activations shared_{};
  std::vector<Activations> own_;        // [members], of own_row_limit rows each
  std::vector<float*> member_scratch_;  // [members]
  std::vector<AttentionRow> rows_;      // [rows of the step]
  // [rows + 1]: of all rows before this one, the chunks of keys up to their positions
  std::vector<int64_t> chunks_before_;
};

// Up to this many rows, each member normalises and quantises all of them for itself, which costs less than a
// phase.
inline constexpr int64_t own_row_limit = 2;

}  // namespace shoal
