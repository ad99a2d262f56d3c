// The engine that computes with our own kernels on this machine's processors. It is exact: a model's results
// have the same bits however it is split over engines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/error.h"
#include "engine/engine.h"
#include "kernels/kernels.h"
#include "model/checkpoint.h"
#include "model/shard.h"

namespace shoal {

struct CpuEngineSettings {
  ShardRange range{};
  int64_t thread_count = 1;
  Isa isa = Isa::reference;
  WeightPrecision precision = WeightPrecision::as_stored;  // exact_float: also float32 activations
  KvType kv_type = KvType::f16;
  int64_t slot_limit = 16;
  int64_t row_limit = 512;
  int64_t context_length = 0;   // 0: the model's own; never more than that
  int64_t kv_memory_bytes = 0;  // limit of the KV pages; no more are made than all slots can use
  // Whether processors are kept from sleeping while other nodes of the ring work
  // (docs/decisions/idle-spin.md). Without effect on an engine of the whole model and where processor time is
  // limited. False where the other engines work on the same processors.
  bool keeps_processors_awake = true;
};

// Bytes of one KV page of an engine that holds the range's layers, which must be the model's.
int64_t kv_page_bytes(const ModelConfig& config, const ShardRange& range, KvType type);

// Loads the weights and makes the engine, on the calling thread and on the engine's own threads. `progress`
// and the other errors are those of load_shard(). invalid_argument for settings that make no sense,
// resource_exhausted when memory or kv_memory_bytes is too small.
Result<std::unique_ptr<Engine>> load_cpu_engine(const Checkpoint& checkpoint,
                                                const CpuEngineSettings& settings,
                                                std::function<void(int64_t, int64_t)> progress = {},
                                                std::stop_token stop = {});

}  // namespace shoal
