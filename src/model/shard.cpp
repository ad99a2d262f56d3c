#include "model/shard.h"

#include <fmt/format.h>

#include "model/architecture.h"

namespace shoal {
namespace {

Result<void> order_head(WeightLoader& loader, Shard& shard) {
  if (auto ordered = loader.order({"embedding.weight", shard.embedding}); !ordered) return ordered;
  if (auto ordered = loader.order({"output_norm.weight", shard.output_norm}); !ordered) return ordered;
  if (shard.config.tied_embeddings) return {};
  return loader.order({"output.weight", shard.output});
}

}  // namespace

Result<void> check_range(const ShardRange& range, const ModelConfig& config) {
  if (0 <= range.first_layer && range.first_layer <= range.end_layer &&
      range.end_layer <= config.layer_count) {
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("layers [{}, {}) of {}, which has {}", range.first_layer, range.end_layer,
                          config.name, config.layer_count));
}

Result<Shard> load_shard(const Checkpoint& checkpoint, const ShardRange& range, ThreadTeam& team,
                         const LoadOptions& options) {
  const ModelConfig& config = checkpoint.config();
  if (auto checked = check_range(range, config); !checked) return fail(checked.error());
  Shard shard;
  shard.config = config;
  shard.range = range;
  WeightLoader loader(checkpoint, options.precision);
  const Architecture& architecture = *find_architecture(config.architecture);
  for (int64_t layer = range.first_layer; layer < range.end_layer; ++layer) {
    auto made = architecture.make_layer(loader, layer);
    if (!made) return fail(made.error(), config.name);
    shard.layers.push_back(std::move(*made));
  }
  if (range.is_head) {
    if (auto ordered = order_head(loader, shard); !ordered) return fail(ordered.error(), config.name);
  }
  if (auto run = loader.run(team, options.progress, options.stop); !run)
    return fail(run.error(), config.name);
  return shard;
}

Result<int64_t> shard_memory_bytes(const Checkpoint& checkpoint, const ShardRange& range,
                                   WeightPrecision precision) {
  const ModelConfig& config = checkpoint.config();
  if (auto checked = check_range(range, config); !checked) return fail(checked.error());
  int64_t total = 0;
  const auto add = [&](const std::string& name) -> Result<void> {
    const StoredTensor* tensor = checkpoint.find(name);
    if (tensor == nullptr) return {};
    if (tensor->shape.size() != 2) {
      total += tensor->bytes;
      return {};
    }
    const DType type = precision == WeightPrecision::exact_float ? DType::f32 : tensor->type;
    const auto bytes = packed_weight_bytes(type, tensor->shape[0], tensor->shape[1]);
    if (!bytes) return fail(bytes.error(), name);
    total += *bytes;
    return {};
  };
  for (int64_t layer = range.first_layer; layer < range.end_layer; ++layer) {
    for (const TensorRule& rule : find_architecture(config.architecture)->layer_tensors) {
      if (auto added = add(layer_tensor_name(layer, rule.name)); !added) return fail(added.error());
    }
  }
  if (range.is_head) {
    for (const TensorRule& rule : head_tensors()) {
      if (auto added = add(std::string(rule.name)); !added) return fail(added.error());
    }
  }
  return total;
}

}  // namespace shoal
