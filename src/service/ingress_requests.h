// Requests of this node's clients: places each at the head of its model's instance, has the model loaded
// first if need be, and hands the answer to the client in order. Keeps what is needed to submit a request
// again after a loss. Used on the service's loop.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "scheduler/wait_estimate.h"
#include "service/cluster_knowledge.h"
#include "service/disk_models.h"
#include "service/membership.h"
#include "service/message_sender.h"
#include "service/proposals.h"
#include "service/response_sink.h"
#include "service/service_request.h"
#include "service/service_settings.h"

namespace shoal {

class IngressRequests final : public PlacementEvents {
 public:
  struct Surroundings {
    const ServiceSettings& settings;
    ServiceLoop loop;
    const Membership& members;
    MessageSender& sender;
    Proposals& proposals;
    DiskModels& own_models;
  };
  explicit IngressRequests(Surroundings around);

  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink);
  void cancel(const RequestId& request);

  void receive(const NodeId& from, RequestAccepted accepted);
  void receive(const NodeId& from, TokenDelivery delivery);
  void receive(const NodeId& from, ChoiceFinished finished);
  void receive(const NodeId& from, RequestFailed failed);

  void on_placed(const InstanceId& instance, const Result<InstanceLocation>& location) override;
  void node_lost(const NodeId& node);
  void tick();
  void close();

  bool depends_on(const NodeId& node) const;
  int64_t count() const { return static_cast<int64_t>(requests_.size()); }
  int64_t total() const { return total_; }
  int64_t failed() const { return failed_; }

 private:
  // looking: no node is known to have the model, so this node's disk is read once more.
  enum class State : uint8_t { looking, placing, submitted, accepted };
  struct Choice {
    std::vector<TokenId> delivered;
    int64_t bytes_sent = 0;
    bool is_finished = false;
  };
  struct IngressRequest {
    ServiceRequest asked;  // with a seed in any case
    std::shared_ptr<ResponseSink> sink;
    State state = State::placing;
    NodeId head{};
    Epoch epoch{};
    TimePoint deadline{};  // for being accepted; moves while the model is being loaded
    int64_t losses = 0;    // how often this request has lost its instance
    bool is_told = false;  // the client has heard that it was accepted
    LoadedBytes loaded{};
    std::vector<TokenId> prompt{};
    std::vector<Choice> choices{};
  };
  using Requests = std::map<RequestId, IngressRequest>;
  static bool has_head(State state) { return state == State::submitted || state == State::accepted; }

  void place(const RequestId& id);
  void refuse_unknown(const RequestId& id);
  void submit_to(const RequestId& id, const InstanceLocation& location);
  void place_again(IngressRequest& request);
  bool may_lose_again(const IngressRequest& request) const;
  void watch_loading(const RequestId& id);
  void fail_request(const RequestId& id, Error error);
  // As fail_request(), and tells the head to stop.
  void give_up(const RequestId& id, Error error);
  void tell_head_to_stop(const RequestId& id, const IngressRequest& request);
  std::shared_ptr<ResponseSink> remove(Requests::iterator request);
  IngressRequest* find(const NodeId& from, const RequestId& id, const Epoch& epoch);
  Duration patience() const;

  Surroundings around_;
  Requests requests_;
  WaitEstimate wait_;
  int64_t total_ = 0;
  int64_t failed_ = 0;
};

}  // namespace shoal
