// Attention in which several query heads share a key-value head (Ainslie et al. 2023).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/thread_team.h"
#include "model/config.h"
#include "model/linear.h"
#include "model/norm.h"
#include "model/step_needs.h"

namespace shoal {

class ForwardPass;

class GroupedAttention {
 public:
  GroupedAttention(const ModelConfig& config, const LayerSpec& layer);

  void visit_weights(WeightVisitor visit);
  StepNeeds needs(KvType kv_type) const;
  // hidden += attention(input), normalised before by `output_norm` unless that is empty; keys and values go
  // to the KV pages.
  void forward(ForwardPass& pass, std::span<const float> output_norm = {}) const;

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
  void visit_projections(WeightVisitor visit);
  void normalize(const ForwardPass& pass, const std::optional<Norm>& norm, float* heads, int64_t count) const;
  void rotate(const ForwardPass& pass, int64_t row, float* heads, int64_t count) const;
  void prepare_and_store(const ForwardPass& pass, const Activations& rows, int64_t row) const;
  void attend(ForwardPass& pass) const;
  void attend_range(const ForwardPass& pass, WorkRange units) const;
  void attend_head(const ForwardPass& pass, int64_t head, int64_t first_row, int64_t end_row) const;

  GroupedAttentionSpec spec_;
  int64_t hidden_size_;
  int64_t rope_;
  RopeLayout rope_layout_;
  Linear query_;                    // [heads · head_dim, hidden]
  Linear key_;                      // [kv_heads · head_dim, hidden]
  Linear value_;                    // [kv_heads · head_dim, hidden]
  Linear output_;                   // [hidden, heads · head_dim]
  std::optional<Norm> query_norm_;  // of a head, or of all
  std::optional<Norm> key_norm_;
  std::vector<float> sinks_;  // [heads], or empty
};

}  // namespace shoal
