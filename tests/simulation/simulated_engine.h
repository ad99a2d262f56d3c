// A model that takes no time. Hidden states are whole numbers that depend on every token before them and on
// every layer, so a step that is lost, doubled or out of order changes the words.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/simulated_world_for_test.h"
#include "service/engine_source.h"

namespace shoal {

struct SimulatedModel {
  int64_t layer_count = 8;
  int64_t layer_bytes = 1000;
  int64_t head_bytes = 500;
  int64_t kv_bytes_per_token_layer = 1;
  int64_t context_length = 96;
  int64_t least_context_length = 0;
  int64_t page_capacity = 64;
  bool load_fails = false;
  uint64_t content = 0;  // stands for the weights; nodes compare it
};

class SimulatedEngine final : public Engine {
 public:
  SimulatedEngine(const SimulatedModel& model, const PlanStage& stage, bool is_head, int64_t context_length);
  ~SimulatedEngine() override;

  const EngineInfo& info() const override { return info_; }
  Result<void> step(const StepBatch& batch, std::span<float> hidden) override;
  Result<void> embed(std::span<const TokenId> tokens, std::span<float> hidden) override;
  Result<void> compute_logits(std::span<const float> hidden, std::span<float> logits) override;
  void observe_layers(LayerObserver) override {}

  int64_t pages_in_use() const;
  static const std::vector<const SimulatedEngine*>& living();

 private:
  EngineInfo info_;
  uint64_t content_;
  // By slot, then by layer: the values of all positions.
  std::map<int32_t, std::vector<std::vector<uint64_t>>> slots_;
};

// One node's disk and loader. Loading takes virtual time and reports its progress.
class SimulatedEngineSource final : public EngineSource {
 public:
  SimulatedEngineSource(SimulatedWorld& world, std::map<std::string, SimulatedModel> models)
      : world_(world), models_(std::move(models)) {}

  std::vector<ModelReport> models() override;
  Result<ModelDemand> describe(const InstanceId& model) override;
  void load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
            std::function<void(LoadProgress)> progress,
            std::function<void(Result<LoadedShard>)> done) override;

  // From now on loads never end.
  void hang() { hangs_ = true; }
  int64_t loads_begun() const { return loads_begun_; }
  // Adds a model, or replaces its files.
  void add_model(std::string name, SimulatedModel model) { models_[std::move(name)] = model; }

 private:
  struct Load;
  void go_on(const std::shared_ptr<Load>& load);

  SimulatedWorld& world_;
  std::map<std::string, SimulatedModel> models_;
  bool hangs_ = false;
  int64_t loads_begun_ = 0;
};

std::shared_ptr<const TextAssets> make_simulated_text();

}  // namespace shoal
