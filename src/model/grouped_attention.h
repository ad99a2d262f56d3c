// Attention in which several query heads share a key-value head (Ainslie et al. 2023).
#pragma once

#include <cstdint>

#include "base/thread_team.h"
#include "model/config.h"
#include "model/linear.h"
#include "model/step_needs.h"

namespace shoal {

class ForwardPass;

class GroupedAttention {
 public:
  GroupedAttention(const ModelConfig& config, const LayerSpec& layer, Bias qkv_bias);

  void visit_weights(WeightVisitor visit);
  StepNeeds needs(KvType kv_type) const;
  // hidden += attention(input); keys and values go to the KV pages.
  void forward(ForwardPass& pass) const;

 private:
  struct Activations {
    float* query;     // [rows, heads, head_dim]
    float* key;       // [rows, kv_heads, head_dim]
    float* value;     // [rows, kv_heads, head_dim]
    float* attended;  // [rows, heads, head_dim]
  };

  int64_t query_size() const { return spec_.head_count * spec_.head_dim; }
  int64_t key_size() const { return spec_.kv_head_count * spec_.head_dim; }
  KvLayout kv_layout(KvType type) const;
  void rotate_and_store(const ForwardPass& pass, const Activations& rows, int64_t row) const;
  void attend(ForwardPass& pass) const;
  void attend_range(const ForwardPass& pass, WorkRange chunks) const;
  void attend_head(const ForwardPass& pass, int64_t head, int64_t first_row, int64_t end_row) const;

  GroupedAttentionSpec spec_;
  int64_t hidden_size_;
  int64_t rope_;
  RopeLayout rope_layout_;
  Bias qkv_bias_;
  float scale_;    // of q·k
  Linear query_;   // [heads · head_dim, hidden]
  Linear key_;     // [kv_heads · head_dim, hidden]
  Linear value_;   // [kv_heads · head_dim, hidden]
  Linear output_;  // [hidden, heads · head_dim]
};

}  // namespace shoal
