// The weights of a range of layers in memory, ready for the kernels.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/error.h"
#include "base/thread_team.h"
#include "model/checkpoint.h"
#include "model/head.h"
#include "model/layer.h"
#include "model/weight_loader.h"

namespace shoal {

// Which part of a model a shard has: layers [first_layer, end_layer), perhaps none, and perhaps the head.
struct ShardRange {
  int64_t first_layer;
  int64_t end_layer;
  bool is_head;  // has the embedding, final norm and output matrix
};

// invalid_argument for a range outside of the model.
Result<void> check_range(const ShardRange& range, const ModelConfig& config);

struct Shard {
  ModelConfig config;
  ShardRange range{};
  std::vector<std::unique_ptr<Layer>> layers;
  Head head;  // without weights where this shard has not the head
};

struct LoadOptions {
  WeightPrecision precision = WeightPrecision::as_stored;
  std::function<void(int64_t bytes_done, int64_t bytes_total)> progress;  // called on the calling thread
  std::stop_token stop;
};

// Reads only what the range needs; the team reads and packs. invalid_argument for a range outside of the
// model, resource_exhausted without memory, cancelled when stopped, or an error of reading a file.
Result<Shard> load_shard(const Checkpoint& checkpoint, const ShardRange& range, ThreadTeam& team,
                         const LoadOptions& options);

// Bytes of memory that load_shard() takes for the weights of the range, with its errors for ranges and types.
Result<int64_t> shard_memory_bytes(const Checkpoint& checkpoint, const ShardRange& range,
                                   WeightPrecision precision);

}  // namespace shoal
