// The head's part of a loaded instance: waits until every stage has loaded, then makes a ring and a
// scheduler. Made, called and closed on the service's loop; destroyed on any other thread, after close().
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "cluster/plan.h"
#include "ring/ring.h"
#include "scheduler/scheduler.h"
#include "service/engine_source.h"
#include "service/peer_calls.h"
#include "service/ring_places.h"
#include "service/service_loop.h"
#include "service/shard_events.h"

namespace shoal {

// What happens to instances on this node, and to their generations. Implemented by head_requests, called on
// the service's loop.
class InstanceEvents {
 public:
  virtual ~InstanceEvents() = default;
  // Every stage has loaded; this node is the head.
  virtual void on_instance_ready(const InstanceId& instance, const Epoch& epoch) = 0;
  // This node has released the instance, as head or as stage.
  virtual void on_instance_released(const InstanceId& instance, const Epoch& epoch, const Error& reason) = 0;
  virtual void on_answer(AnswerMessage message) = 0;
};

class InstanceHead final : private TokenSink, private StepSink {
 public:
  struct Surroundings {
    NodeId own;
    ServiceLoop loop;
    std::shared_ptr<Loop> engine_loop;
    std::shared_ptr<Loop> scheduler_loop;
    PeerCalls& peers;
    RingPlaces& rings;
    SchedulerSettings scheduler;
    InstanceEvents& events;
    ShardEvents& shard_events;
  };
  InstanceHead(Surroundings surroundings, Plan plan);
  ~InstanceHead() override;

  // A stage of the plan has loaded: this node's own, or another one.
  void own_shard_loaded(LoadedShard shard);
  void stage_loaded(const NodeId& node, const EngineInfo& info);

  // Begins if all stages have loaded. True when this call has made the instance ready; after an error the
  // instance must be released.
  Result<bool> try_begin();
  bool is_ready() const { return scheduler_ != nullptr; }

  // Only when ready, except cancel(), which does nothing before.
  std::shared_ptr<const TextAssets> text() const { return shard_.text; }
  int64_t context_length() const;
  Result<void> submit(Generation generation);
  void cancel(const RequestId& request);
  SchedulerStatus status() const;

  void note_progress(const NodeId& node, const StageProgress& progress);
  StageProgress progress() const;
  void close(const Error& reason);

 private:
  void on_token(const RequestId& request, uint32_t choice_index, DeliveredToken token) override;
  void on_finished(const RequestId& request, uint32_t choice_index, GenerationEnd end) override;
  void on_failed(const RequestId& request, uint32_t choice_index, Error error) override;
  void on_step_done(StepOutput output) override;
  void on_ring_lost(Error error) override;
  void tell(AnswerMessage message);

  Surroundings around_;
  Plan plan_;
  LoadedShard shard_;
  std::map<NodeId, EngineInfo> stages_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace shoal
