// A request on any node reaches the model's head, has it loaded, and is answered or fails clearly. One per
// node. Its loop, which never computes, owns all state: peers, plans, shards, requests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "service/cluster_view.h"
#include "service/engine_source.h"
#include "service/loop_factory.h"
#include "service/peer_calls.h"
#include "service/response_sink.h"
#include "service/service_request.h"
#include "service/service_settings.h"

namespace shoal {

class Service final : public PeerEvents {
 public:
  // All outlive this.
  Service(ServiceSettings settings, Loop& loop, LoopFactory& loops, EngineSource& engines, PeerCalls& peers);
  ~Service() override;

  void start();
  // Takes nothing new: requests of clients here and elsewhere are refused, plans are made without this node.
  // Then calls `done` on the loop: when it has a part in no answer any more, or after `patience`.
  void drain(Duration patience, std::function<void()> done);
  // Drains, and waits for it. Not on the loop.
  void finish_answers(Duration patience);
  // Says goodbye, fails what is open with unavailable, releases every shard, then calls `done` on the loop.
  void leave(std::function<void()> done);
  // Leaves, and waits for it. Idempotent; not on the loop.
  void stop();

  // Any thread. The sink is called until on_done or on_failed, or never again after cancel().
  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink);
  void cancel(const RequestId& request);

  // Unloads the model everywhere. `done` is called on the loop.
  void unload(const std::string& model, std::function<void(Result<void>)> done);

  // Snapshots; any thread.
  ClusterView cluster() const;
  std::vector<ModelView> models() const;
  ServiceStatus status() const;

  void on_peer_joined(NodeReport report) override;
  void on_peer_lost(NodeId node, Error reason) override;
  void on_peer_message(NodeId from, PeerMessage message) override;
  void on_ring_message(NodeId from, RingMessage message) override;
  NodeReport own_report() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
