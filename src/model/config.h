// What an architecture needs to know besides its weights, the same whether it comes from GGUF or Hugging Face
// files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal {

// Which elements of a head are turned as pairs: half (i, i + pairs), interleaved (2i, 2i + 1).
enum class RopeLayout : uint8_t { half, interleaved };

// Computed once, by make_rope (rope.h), from the files' settings: plain, linear, llama3, yarn, or a tensor of
// divisors.
struct RopeConfig {
  RopeLayout layout;
  std::vector<float> inverse_frequencies;  // [pairs]
  float magnitude;                         // factor of cos and sin; 1 except for yarn
};

struct GroupedAttentionSpec {
  int64_t head_count;
  int64_t kv_head_count;
  int64_t head_dim;
};

struct GatedFeedForwardSpec {
  int64_t size;
};

// One layer. Kinds of attention and feed-forward that come later stand beside these as alternatives; what
// only some layers of a model have (a window, norms after a part) is a member here.
struct LayerSpec {
  GroupedAttentionSpec attention;
  GatedFeedForwardSpec feed_forward;
  int64_t rope;  // index in ModelConfig::ropes
};

struct ModelConfig {
  std::string architecture;  // "llama", "qwen2"
  std::string name;          // as the files call the model, for people
  int64_t hidden_size;
  int64_t vocabulary_size;
  int64_t context_length;
  float norm_epsilon;
  bool tied_embeddings;
  std::vector<RopeConfig> ropes;  // those that differ; angles are computed once for each
  std::vector<LayerSpec> layers;

  int64_t layer_count() const { return std::ssize(layers); }
};

}  // namespace shoal
