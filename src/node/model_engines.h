// Loads shards from model files on this node's disk, to run on our own kernels.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "kernels/kernels.h"
#include "model/checkpoint.h"
#include "node/content_reader.h"
#include "service/engine_source.h"
#include "store/model_store.h"

namespace shoal {

struct ModelEngineSettings {
  int64_t thread_count;
  Isa isa;
  KvType kv_type;
  // 0: the model's own, at most default_context_limit, less if memory is short.
  int64_t context_length;
  // Bytes that this node may still take beyond all that it has promised. Called on any thread.
  std::function<int64_t()> spare_bytes;
};

class ModelEngines final : public EngineSource {
 public:
  // The store must outlive this object.
  ModelEngines(ModelEngineSettings settings, const ModelStore& store);
  // Ends loads that are still running and joins their threads.
  ~ModelEngines() override;

  std::vector<ModelReport> models() override;
  Result<ModelDemand> describe(const InstanceId& model) override;
  void load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
            std::function<void(LoadProgress)> progress,
            std::function<void(Result<LoadedShard>)> done) override;

 private:
  struct Load {
    std::atomic<bool> has_ended = false;
    std::jthread thread;
  };

  int64_t context_of(const ModelConfig& config) const;
  int64_t choose_kv_bytes(const Plan& plan, int64_t page_bytes) const;
  Result<LoadedShard> load_now(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                               std::function<void(LoadProgress)> progress);
  Result<LoadedShard> load_files(const std::filesystem::path& path, const Plan& plan, const PlanStage& stage,
                                 std::stop_token stop, std::function<void(LoadProgress)> progress) const;

  const ModelEngineSettings settings_;
  const ModelStore& store_;
  Mutex mutex_;
  std::list<Load> loads_ GUARDED_BY(mutex_);
  ContentReader reader_;
};

}  // namespace shoal
