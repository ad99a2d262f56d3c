// What an architecture needs to know besides its weights, the same whether it comes from GGUF or Hugging Face
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal {

// Which elements of a head are turned as pairs: half (i, i + pairs), interleaved (2i, 2i + 1).
enum class RopeLayout : uint8_t { half, interleaved };

// Computed once, by make_rope (rope.h), from the files' settings.
struct RopeConfig {
  RopeLayout layout;
  std::vector<float> inverse_frequencies;  // [pairs]
  float magnitude;                         // factor of cos and sin; 1 except for yarn and longrope
  // longrope: what is used instead by an engine whose sequences may be longer than `short_context`.
  std::vector<float> long_inverse_frequencies = {};  // [pairs], or empty
  int64_t short_context = 0;

  bool operator==(const RopeConfig&) const = default;
};

inline constexpr int64_t no_rope = -1;  // a layer's rope that turns nothing

enum class QueryKeyNorm : uint8_t {
  none,
  per_head,           // of each head by itself, one weight for all heads
  per_head_if_there,  // where the files have the weights
  whole,              // over all heads together
};

// Queries are multiplied by 1 + beta · ln(1 + floor(position / step)), as Llama 4 does.
struct PositionScale {
  float beta = 0;  // 0: they are not
  int64_t step = 1;

  bool operator==(const PositionScale&) const = default;
};

struct GroupedAttentionSpec {
  int64_t head_count = 0;
  int64_t kv_head_count = 0;
  int64_t head_dim = 0;
  int64_t window = 0;  // how many keys a token sees, its own among them; 0: all
  float scale = 0;     // of q·k
  float soft_cap = 0;  // of a score s: soft_cap · tanh(s / soft_cap); 0: none
  QueryKeyNorm norm = QueryKeyNorm::none;
  PositionScale position_scale = {};
  bool has_qkv_bias = false;
  bool has_output_bias = false;
  bool has_sinks = false;  // for each head a score that takes weight from the keys and has no value
  bool is_fused = false;   // files have q, k and v in one tensor

  bool operator==(const GroupedAttentionSpec&) const = default;
};

enum class Activation : uint8_t { silu, gelu_tanh };

struct GatedFeedForwardSpec {
  int64_t size = 0;
  Activation activation = Activation::silu;
  bool is_fused = false;  // files have gate and up in one tensor

  bool operator==(const GatedFeedForwardSpec&) const = default;
};

enum class RouterKind : uint8_t { softmax, sigmoid };
// What a group of experts counts for when the best groups are chosen.
enum class GroupScore : uint8_t { largest, sum_of_two_largest };
// What safetensors call the matrices of expert 3: mlp.experts.3.gate_proj, block_sparse_moe.experts.3.w1, or
// its place in mlp.experts.gate_up_proj, [experts, inputs, outputs].
enum class ExpertNames : uint8_t { usual, numbered, turned };

struct ExpertsSpec {
  int64_t count = 0;
  int64_t used = 0;         // by a token
  int64_t size = 0;         // of an expert's gate
  int64_t shared_size = 0;  // of the expert that every token uses besides; 0: there is none
  bool has_shared_gate = false;
  bool has_bias = false;  // router and experts
  RouterKind router = RouterKind::softmax;
  bool has_choice_bias = false;  // of each expert, for the choice only
  bool renormalises = false;     // the weights of the chosen ones sum to one
  float weight_scale = 1;
  int64_t group_count = 1;
  int64_t used_groups = 1;
  GroupScore group_score = GroupScore::largest;
  float clip = 0;  // gpt-oss's clipped gate with this limit; 0: silu
  ExpertNames names = ExpertNames::usual;

  bool operator==(const ExpertsSpec&) const = default;
};

// One layer. Kinds of attention and feed-forward that come later stand beside these as alternatives; what
// only some layers of a model have (a window, norms after a part) is a member here.
struct LayerSpec {
  GroupedAttentionSpec attention = {};
  GatedFeedForwardSpec feed_forward = {};
  std::optional<ExpertsSpec> experts = {};  // instead of feed_forward
  int64_t rope = 0;                         // index in ModelConfig::ropes, or no_rope

  bool operator==(const LayerSpec&) const = default;
};

struct ModelConfig {
  std::string architecture;  // as the files name it: "llama", "qwen2"
  std::string name;          // as the files call the model, for people
  int64_t hidden_size = 0;
  int64_t vocabulary_size = 0;
  int64_t context_length = 0;
  float norm_epsilon = 0;
  float added_to_norms = 0;   // what the weights of norms lack in the files: Gemma's are w − 1 in safetensors
  float embedding_scale = 1;  // of the embedding, before the first layer
  float logit_soft_cap = 0;   // of a logit x: cap · tanh(x / cap); 0: none
  bool tied_embeddings = false;
  int64_t left_alone_layers = 0;  // how many layers behind the last the files have, which nobody reads
  std::vector<RopeConfig> ropes;  // those that differ; angles are computed once for each
  std::vector<LayerSpec> layers;

  int64_t layer_count() const { return std::ssize(layers); }
  bool operator==(const ModelConfig&) const = default;
};

}  // namespace shoal
