// The engine on our own kernels: exact, on the processors of this machine.
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
  int64_t context_length = 0;   // 0: what the model says; never more than that
  int64_t kv_memory_bytes = 0;  // what the pages may take; no more than all slots can use is taken
  // Of a part of a model: while others of its ring work (docs/decisions/idle-spin.md). Of no use where they
  // work on the same processors.
  bool keeps_processors_awake = true;
};

// Bytes that one KV page of a range of `layer_count` layers takes.
int64_t kv_page_bytes(const ModelConfig& config, int64_t layer_count, KvType type);

// Loads the weights and makes the engine, on the calling thread and those of the engine. invalid_argument for
// settings that make no sense, resource_exhausted when memory or the KV budget is too small; and what
// load_shard says.
Result<std::unique_ptr<Engine>> load_cpu_engine(const Checkpoint& checkpoint,
                                                const CpuEngineSettings& settings,
                                                std::function<void(int64_t, int64_t)> progress = {},
                                                std::stop_token stop = {});

}  // namespace shoal
