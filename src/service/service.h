// The service of a node: a request on any node reaches the model's head, has the model loaded if need be, and
// is answered or fails clearly. Its loop, which never computes, owns all state: peers, plans, shards,
// requests.
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
  // The loops, engines and peers must outlive this object.
  Service(ServiceSettings settings, Loop& loop, LoopFactory& loops, EngineSource& engines, PeerCalls& peers);
  ~Service() override;

  void start();
  // From now on takes nothing new: refuses requests of clients here and elsewhere and has no part in new
  // plans. Calls `done` on the loop when this node has a part in no answer any more, at the latest after
  // `patience`.
  void drain(Duration patience, std::function<void()> done);
  // drain(), and waits until it is done. Not to be called on the loop.
  void finish_answers(Duration patience);
  // Says goodbye to peers, fails open requests with unavailable, releases every shard, then calls `done` on
  // the loop.
  void leave(std::function<void()> done);
  // leave(), and waits until it is done. Idempotent; not to be called on the loop.
  void stop();

  // The sink is called until on_done or on_failed, or until the loop has heard cancel(). When the loop takes
  // no more tasks, on_failed is called at once on the calling thread. Any thread.
  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink);
  void cancel(const RequestId& request);

  // Unloads the model everywhere, see Unloading::unload(). `done` is called on the loop, or at once on the
  // calling thread when the loop takes no more tasks. Any thread.
  void unload(const std::string& model, std::function<void(Result<void>)> done);

  // Copies of the state that the loop published last. Any thread.
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
