#include "model/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "model/architectures/architectures.h"

namespace shoal {
namespace {

constexpr std::array<TensorRule, 3> shared_tensors = {{
    {"embedding.weight", "token_embd.weight", "model.embed_tokens.weight", Extent::vocabulary,
     Extent::hidden},
    {"output_norm.weight", "output_norm.weight", "model.norm.weight", Extent::hidden, {}},
    {"output.weight", "output.weight", "lm_head.weight", Extent::vocabulary, Extent::hidden},
}};

const std::array<const Architecture*, 2>& architectures() {
  static const std::array<const Architecture*, 2> all = {&llama_architecture(), &qwen2_architecture()};
  return all;
}

}  // namespace

int64_t extent_size(Extent extent, const ModelConfig& config) {
  switch (extent) {
    case Extent::hidden: return config.hidden_size;
    case Extent::feed_forward: return config.feed_forward_size;
    case Extent::query: return config.head_count * config.head_dim;
    case Extent::key_value: return config.kv_head_count * config.head_dim;
    case Extent::vocabulary: return config.vocabulary_size;
  }
  std::unreachable();
}

std::span<const TensorRule> head_tensors() { return shared_tensors; }

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->name == name) return architecture;
  }
  return nullptr;
}

std::string architecture_names() {
  std::vector<std::string_view> names;
  for (const Architecture* architecture : architectures()) names.push_back(architecture->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string layer_tensor_name(int64_t layer, std::string_view name) {
  return fmt::format("layers.{}.{}", layer, name);
}

}  // namespace shoal
