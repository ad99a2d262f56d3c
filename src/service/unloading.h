// Unloads an idle instance on every node of it, because a user or a proposal that needs the room asks; the
// instance's head decides. Used on the service's loop.
#pragma once

#include <functional>
#include <map>

#include "service/head_requests.h"
#include "service/hosting.h"
#include "service/membership.h"
#include "service/message_sender.h"
#include "service/service_loop.h"

namespace shoal {

class Unloading {
 public:
  using Done = std::function<void(Result<void>)>;

  Unloading(ServiceLoop loop, MessageSender& sender, const Membership& members, Hosting& hosting,
            const HeadRequests& head_requests, Duration deadline);

  // `done` is called once on the loop: with success when the head has agreed and no member reports a shard of
  // it any more; with resource_exhausted when it is answering somebody, not_found when nobody has it loaded,
  // deadline_exceeded when it takes too long, unavailable after close().
  void unload(const InstanceId& instance, Done done);

  void receive(const NodeId& from, const UnloadModel& unload);
  void receive(const NodeId& from, const ModelUnloaded& unloaded);
  void node_lost(const NodeId& node);
  // To be called when reports have changed and now and then; ends calls that are done or late.
  void tick();
  void close();

 private:
  struct Call {
    InstanceId instance;
    NodeId head;
    TimePoint deadline;
    Done done;
    bool agreed = false;  // the head has released it
  };
  Result<void> release_here(const InstanceId& instance);
  void finish(uint64_t number, Result<void> outcome);

  ServiceLoop loop_;
  MessageSender& sender_;
  const Membership& members_;
  Hosting& hosting_;
  const HeadRequests& head_requests_;
  Duration deadline_;
  uint64_t last_call_ = 0;
  std::map<uint64_t, Call> calls_;
};

}  // namespace shoal
