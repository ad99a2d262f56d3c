#include "model/config_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace shoal {
namespace {

struct Bound {
  std::string_view name;
  int64_t value;
  int64_t limit;
};

Result<void> check_sizes(const ModelConfig& config, const AlikeLayers& layers) {
  const GroupedAttentionSpec& attention = layers.attention;
  // The bounds are far above any model, and low enough that the product of two sizes and a few bytes stays
  // below 2^63.
  const Bound bounds[] = {
      {"the layer count", layers.count, 1 << 16},
      {"the hidden size", config.hidden_size, 1 << 24},
      {"the feed-forward size", layers.feed_forward.size, 1 << 24},
      {"the head count", attention.head_count, 1 << 16},
      {"the key-value head count", attention.kv_head_count, 1 << 16},
      {"the head dimension", attention.head_dim, 1 << 16},
      {"the vocabulary size", config.vocabulary_size, 1 << 28},
      {"the context length", config.context_length, int64_t{1} << 31},
  };
  for (const Bound& bound : bounds) {
    if (bound.value < 1 || bound.value > bound.limit) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("{} is {}, it has to be from 1 to {}", bound.name, bound.value, bound.limit));
    }
  }
  if (attention.head_count % attention.kv_head_count != 0) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("the head count {} is not a multiple of the key-value head count {}",
                            attention.head_count, attention.kv_head_count));
  }
  if (!std::isfinite(config.norm_epsilon) || config.norm_epsilon < 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the norm's epsilon is {}", config.norm_epsilon));
  }
  return {};
}

}  // namespace

Result<ModelConfig> finish_config(ModelConfig config, const AlikeLayers& layers) {
  if (auto checked = check_sizes(config, layers); !checked) return fail(checked.error());
  if (layers.rope.dimensions > layers.attention.head_dim) {
    return fail(ErrorCode::corrupt_data, fmt::format("rope turns {} dimensions of a head that has {}",
                                                     layers.rope.dimensions, layers.attention.head_dim));
  }
  auto rope = make_rope(layers.rope);
  if (!rope) return fail(rope.error());
  config.ropes = {std::move(*rope)};
  config.layers.assign(static_cast<size_t>(layers.count),
                       {.attention = layers.attention, .feed_forward = layers.feed_forward, .rope = 0});
  return config;
}

}  // namespace shoal
