// Where shards come from. The real one (node/) opens a model's files; simulations make fakes.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "answers/text_assets.h"
#include "base/error.h"
#include "cluster/placement.h"
#include "cluster/plan.h"
#include "engine/engine.h"

namespace shoal {

struct LoadProgress {
  int64_t bytes_done;
  int64_t bytes_total;
};

struct LoadedShard {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<const TextAssets> text;  // null on other nodes than the head
  int64_t held_bytes = 0;                  // memory that it takes when all its KV pages are in use
};

class EngineSource {
 public:
  virtual ~EngineSource() = default;

  // The models on this node's disk now, with fingerprints. This and describe() may wait for the disk.
  virtual std::vector<ModelReport> models() = 0;

  // Reads what the model needs from its files; not_found, with advice, when they are not here.
  virtual Result<ModelDemand> describe(const InstanceId& model) = 0;

  // Loads `stage` of the plan on a thread of its own and returns at once. Uses only files with the plan's
  // fingerprint (else unavailable). That thread calls `progress` now and then, and `done` once; if no thread
  // can be started, `done` is called before this returns. A requested stop ends the load soon with cancelled.
  virtual void load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                    std::function<void(LoadProgress)> progress,
                    std::function<void(Result<LoadedShard>)> done) = 0;
};

}  // namespace shoal
