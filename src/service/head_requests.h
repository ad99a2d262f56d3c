// Requests that this node answers as a head, whichever node's client asked: turns them into token ids, hands
// them to the scheduler, and sends what comes of them to their ingress. Used on the service's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "scheduler/wait_estimate.h"
#include "service/hosting.h"
#include "service/instance_head.h"
#include "service/message_sender.h"
#include "service/service_loop.h"

namespace shoal {

class HeadRequests final : public InstanceEvents {
 public:
  // Loops that render templates and tokenise. Long prompts have a loop of their own, where they hold nobody
  // else up.
  struct TextLoops {
    std::shared_ptr<Loop> any, long_ones;
  };
  HeadRequests(ServiceLoop loop, TextLoops text_loops, MessageSender& sender, const Hosting& hosting,
               int64_t limit);

  void receive(const NodeId& from, SubmitRequest submitted);
  void receive(const NodeId& from, const CancelRequest& cancel);
  // Ends the requests of an ingress that is gone, because nobody would read the answers.
  void node_lost(const NodeId& node);
  void close() { requests_.clear(); }

  int64_t active(const InstanceId& instance) const;
  int64_t count() const { return static_cast<int64_t>(requests_.size()); }
  // Milliseconds since the last request of the instance ended; 0 while there is one.
  int64_t idle_ms(const InstanceId& instance) const;

  void on_instance_ready(const InstanceId& instance, const Epoch& epoch) override;
  void on_instance_released(const InstanceId& instance, const Epoch& epoch, const Error& reason) override;
  void on_answer(AnswerMessage message) override;

 private:
  struct Generations {
    OpenedChat opened;
    std::vector<Generation> choices;
  };
  struct HeadRequest {
    uint64_t ticket;  // distinguishes it from an earlier request with the same id
    NodeId ingress;
    std::shared_ptr<const SubmitRequest> submitted;
    std::set<uint32_t> open_choices;  // those that the scheduler is working on
  };
  using Requests = std::map<RequestId, HeadRequest>;

  void tokenise(const HeadRequest& request, InstanceHead& head);
  void start(const RequestId& id, uint64_t ticket, Result<Generations> made);
  void refuse(const NodeId& ingress, const SubmitRequest& submitted, Error error);
  void pass_on(Requests::iterator request, TokenDelivery token);
  void pass_on(Requests::iterator request, ChoiceFinished finished);
  void pass_on(Requests::iterator request, RequestFailed failed);
  void fail_request(Requests::iterator request, Error error);
  void drop(Requests::iterator request);
  void remove(Requests::iterator request);
  Requests::iterator find(const RequestId& id, const Epoch& epoch);
  std::vector<RequestId> select(const std::function<bool(const HeadRequest&)>& chosen) const;

  ServiceLoop loop_;
  TextLoops text_loops_;
  MessageSender& sender_;
  const Hosting& hosting_;
  int64_t limit_;
  uint64_t last_ticket_ = 0;
  Requests requests_;
  WaitEstimate wait_;
  std::map<InstanceId, TimePoint> last_used_;
};

}  // namespace shoal
