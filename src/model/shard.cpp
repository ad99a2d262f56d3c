#include "model/shard.h"

#include <fmt/format.h>

#include <optional>

#include "model/architecture.h"

namespace shoal {

Result<void> check_range(const ShardRange& range, const ModelConfig& config) {
  if (0 <= range.first_layer && range.first_layer <= range.end_layer &&
      range.end_layer <= config.layer_count()) {
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("layers [{}, {}) of {}, which has {}", range.first_layer, range.end_layer,
                          config.name, config.layer_count()));
}

Result<Shard> load_shard(const Checkpoint& checkpoint, const ShardRange& range, ThreadTeam& team,
                         const LoadOptions& options) {
  const ModelConfig& config = checkpoint.config();
  if (auto checked = check_range(range, config); !checked) return fail(checked.error());
  Shard shard;
  shard.config = config;
  shard.range = range;
  WeightLoader loader(options.precision);
  const auto order = [&](const Weight& weight, const StoredWeight& stored) { loader.order(weight, stored); };
  for (int64_t number = range.first_layer; number < range.end_layer; ++number) {
    checkpoint.visit_layer(number, *shard.layers.emplace_back(make_layer(config, number)), order);
  }
  if (range.is_head) checkpoint.visit_head(shard.head, order);
  if (auto run = loader.run(team, options.progress, options.stop); !run)
    return fail(run.error(), config.name);
  return shard;
}

Result<int64_t> shard_memory_bytes(const Checkpoint& checkpoint, const ShardRange& range,
                                   WeightPrecision precision) {
  const ModelConfig& config = checkpoint.config();
  if (auto checked = check_range(range, config); !checked) return fail(checked.error());
  int64_t total = 0;
  std::optional<Error> error;
  const auto add = [&](const Weight& weight, const StoredWeight& stored) {
    const auto bytes = weight_memory_bytes(weight, stored, precision);
    if (bytes) total += *bytes;
    if (!bytes && !error) error = bytes.error();
  };
  for (int64_t number = range.first_layer; number < range.end_layer; ++number) {
    checkpoint.visit_layer(number, *make_layer(config, number), add);
  }
  Head head;
  if (range.is_head) checkpoint.visit_head(head, add);
  if (error) return fail(*error);
  return total;
}

}  // namespace shoal
