// This node's shard of one committed plan: it is loaded on a thread of the engine source and is then a stage
// of the ring or its head. Made, called and closed on the service's loop; destroyed on another thread,
// because that waits for the engine's thread and gives gigabytes back.
#pragma once

#include <memory>
#include <stop_token>

#include "ring/stage.h"
#include "service/instance_head.h"
#include "service/loop_factory.h"
#include "service/plan_promises.h"
#include "service/ring_places.h"

namespace shoal {

class ShardHost : public std::enable_shared_from_this<ShardHost> {
 public:
  struct Surroundings {
    NodeId own;
    ServiceLoop loop;
    LoopFactory& loops;
    EngineSource& engines;
    PeerCalls& peers;
    RingPlaces& rings;
    SchedulerSettings scheduler;
    InstanceEvents& instance_events;
  };

  ShardHost(Surroundings surroundings, const PromisedPlan& promised, ShardEvents& events);

  void start_loading();
  bool is_waiting() const { return state_ == State::waiting; }
  bool load_is_running() const { return load_is_running_; }  // also after close(), until its thread ends

  const Plan& plan() const { return plan_; }
  InstanceHead* head() { return head_.get(); }  // null when this node is not the head
  const InstanceHead* head() const { return head_.get(); }

  // Bytes of weights, for reports.
  int64_t bytes_loaded() const { return bytes_loaded_; }
  int64_t bytes_total() const { return bytes_total_; }
  bool is_loaded() const { return state_ == State::loaded; }
  int64_t held_bytes() const { return held_bytes_; }
  StageProgress progress() const;

  // After this nothing is sent or reported, except that loading has ended.
  void close(const Error& reason);

 private:
  enum class State : uint8_t { waiting, loading, loaded, failed, closed };
  void load_progressed(const LoadProgress& progress);
  void load_ended(Result<LoadedShard> loaded);
  Result<EngineInfo> take(LoadedShard loaded);

  Surroundings around_;
  Plan plan_;
  PlanStage stage_;
  ShardEvents& events_;
  State state_ = State::waiting;
  bool load_is_running_ = false;
  int64_t bytes_loaded_ = 0;
  int64_t bytes_total_;
  int64_t held_bytes_;
  std::stop_source stop_;

  // Destroyed in reverse order: what uses the loops, then the loops, which waits for their threads, then the
  // engine.
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<const TextAssets> text_;
  std::shared_ptr<Loop> engine_loop_;
  std::shared_ptr<Loop> scheduler_loop_;
  std::unique_ptr<InstanceHead> head_;
  std::unique_ptr<Stage> running_stage_;
};

}  // namespace shoal
