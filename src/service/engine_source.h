// Where shards come from: the real one opens a model's files (node/), simulations make fakes.
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
  std::shared_ptr<const TextAssets> text;  // on the head
  int64_t held_bytes = 0;                  // what it takes of memory when its KV pages are all in use
};

class EngineSource {
 public:
  virtual ~EngineSource() = default;

  // What is on this node's disk now, with fingerprints.
  virtual std::vector<ModelReport> models() = 0;

  // not_found with what to do when the files are not here.
  virtual Result<ModelDemand> describe(const InstanceId& model) = 0;

  // Loads `stage` of the plan from files with the plan's fingerprint, or fails with unavailable, on a thread
  // of its own and calls `done` there, once; `progress` now and then. Asking to stop ends it soon with
  // cancelled.
  virtual void load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                    std::function<void(LoadProgress)> progress,
                    std::function<void(Result<LoadedShard>)> done) = 0;
};

}  // namespace shoal
