#include "service/ingress_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/os.h"
#include "base/retry_advice.h"
#include "service/unknown_model.h"

namespace shoal {
namespace {
// A request fails when it has lost this many instances, because it may be the cause.
constexpr int64_t loss_limit = 3;
}  // namespace

IngressRequests::IngressRequests(Surroundings around) : around_(std::move(around)) {}

Duration IngressRequests::patience() const {
  return around_.settings.load_stall_limit + 3 * around_.settings.plan_deadline;
}

void IngressRequests::submit(ServiceRequest asked, std::shared_ptr<ResponseSink> sink) {
  ++total_;
  auto refuse = [&](ErrorCode code, std::string message) {
    ++failed_;
    sink->on_failed({code, std::move(message)});
  };
  if (count() >= around_.settings.request_limit) {
    return refuse(ErrorCode::resource_exhausted,
                  fmt::format("this node has {} requests, which is its limit; {}", count(),
                              advise_retry(wait_.refuse(around_.loop.now()))));
  }
  if (requests_.contains(asked.request)) {
    return refuse(ErrorCode::invalid_argument, fmt::format("request {} exists already", asked.request));
  }
  const RequestId id = asked.request;
  const std::string model = asked.model;
  IngressRequest request{.asked = std::move(asked), .sink = std::move(sink)};
  if (!request.asked.settings.seed) request.asked.settings.seed = os::random_bits();
  request.deadline = around_.loop.now() + patience();
  request.choices.resize(request.asked.settings.choice_count);
  requests_.emplace(id, std::move(request));
  wait_.begin(around_.loop.now());
  const std::vector<std::string> known = known_models(around_.members.reports());
  if (std::ranges::find(known, model) != known.end()) return place(id);
  requests_.at(id).state = State::looking;
  around_.own_models.refresh([this, id] { refuse_unknown(id); });
}

void IngressRequests::refuse_unknown(const RequestId& id) {
  auto found = requests_.find(id);
  if (found == requests_.end() || found->second.state != State::looking) return;
  found->second.state = State::placing;
  const std::string& model = found->second.asked.model;
  const std::vector<std::string> known = known_models(around_.members.reports());
  if (std::ranges::find(known, model) != known.end()) return place(id);
  if (const std::string problem = describe_problem(around_.members.reports(), model); !problem.empty()) {
    return fail_request(
        id, {ErrorCode::not_found,
             fmt::format("model \"{}\" is here, but its files cannot be used: {}", model, problem)});
  }
  fail_request(id, unknown_model(model, known));
}

void IngressRequests::place(const RequestId& id) {
  const IngressRequest& request = requests_.at(id);
  if (const auto location = find_instance(around_.members.reports(), request.asked.model)) {
    submit_to(id, *location);
  } else {
    around_.proposals.begin(request.asked.model);
  }
}

void IngressRequests::on_placed(const InstanceId& instance, const Result<InstanceLocation>& location) {
  std::vector<RequestId> waiting;
  for (const auto& [id, request] : requests_) {
    if (request.asked.model == instance && request.state == State::placing) waiting.push_back(id);
  }
  for (const RequestId& id : waiting) {
    if (location) {
      submit_to(id, *location);
    } else {
      fail_request(id, location.error());
    }
  }
}

void IngressRequests::submit_to(const RequestId& id, const InstanceLocation& location) {
  IngressRequest& request = requests_.at(id);
  // The head was lost a moment ago; tick() places the request again.
  if (around_.members.find(location.head) == nullptr) return place_again(request);
  request.state = State::submitted;
  request.head = location.head;
  request.epoch = location.epoch;
  request.loaded = {};
  const ServiceRequest& asked = request.asked;
  SubmitRequest submitted{.request = id,
                          .instance = asked.model,
                          .epoch = location.epoch,
                          .prompt = asked.prompt,
                          .is_chat = std::holds_alternative<PromptChat>(asked.prompt),
                          .tools = asked.tools,
                          .settings = asked.settings,
                          .delivered = {}};
  around_.sender.send(location.head, std::move(submitted));
}

void IngressRequests::place_again(IngressRequest& request) {
  request.state = State::placing;
  request.head.clear();
}

// Whether a request that has lost its instance may be placed again: only while its client has seen nothing of
// the answer, so that no token is delivered twice.
bool IngressRequests::may_lose_again(const IngressRequest& request) const {
  const bool is_untouched = std::ranges::all_of(request.choices, [](const Choice& choice) {
    return choice.delivered.empty() && choice.bytes_sent == 0 && !choice.is_finished;
  });
  return is_untouched && request.losses + 1 < loss_limit;
}

IngressRequests::IngressRequest* IngressRequests::find(const NodeId& from, const RequestId& id,
                                                       const Epoch& epoch) {
  auto found = requests_.find(id);
  if (found == requests_.end()) return nullptr;
  IngressRequest& request = found->second;
  const bool follows = has_head(request.state) && request.head == from && request.epoch == epoch;
  return follows ? &request : nullptr;
}

void IngressRequests::receive(const NodeId& from, RequestAccepted accepted) {
  IngressRequest* request = find(from, accepted.request, accepted.epoch);
  if (request == nullptr || request->state != State::submitted) return;
  request->state = State::accepted;
  request->prompt = std::move(accepted.prompt);
  if (std::exchange(request->is_told, true)) return;
  request->sink->on_accepted(static_cast<int64_t>(request->prompt.size()), std::move(accepted.opening));
}

void IngressRequests::receive(const NodeId& from, TokenDelivery delivery) {
  IngressRequest* request = find(from, delivery.request, delivery.epoch);
  if (request == nullptr) return;
  const bool has_choice = delivery.choice_index < request->choices.size();
  if (request->state != State::accepted || !has_choice ||
      request->choices[delivery.choice_index].is_finished) {
    return give_up(delivery.request,
                   {ErrorCode::internal, fmt::format("node {} sent a token out of turn", from)});
  }
  Choice& choice = request->choices[delivery.choice_index];
  const auto next = static_cast<int64_t>(choice.delivered.size());
  if (delivery.token.index < next) return;
  if (delivery.token.index > next) {
    return give_up(delivery.request,
                   {ErrorCode::internal, fmt::format("a part of the answer of node {} was lost", from)});
  }
  choice.delivered.push_back(delivery.token.token);
  choice.bytes_sent += static_cast<int64_t>(delivery.token.text.size());
  request->sink->on_token(delivery.choice_index, std::move(delivery.token));
}

void IngressRequests::receive(const NodeId& from, ChoiceFinished finished) {
  IngressRequest* request = find(from, finished.request, finished.epoch);
  if (request == nullptr || request->state != State::accepted ||
      finished.choice_index >= request->choices.size()) {
    return;
  }
  Choice& choice = request->choices[finished.choice_index];
  if (std::exchange(choice.is_finished, true)) return;
  choice.bytes_sent += static_cast<int64_t>(finished.end.text.size());
  request->sink->on_finished(finished.choice_index, std::move(finished.end));
  if (!std::ranges::all_of(request->choices, &Choice::is_finished)) return;
  remove(requests_.find(finished.request))->on_done();
}

void IngressRequests::receive(const NodeId& from, RequestFailed failed) {
  IngressRequest* request = find(from, failed.request, failed.epoch);
  if (request == nullptr) return;
  const bool is_lost = failed.error.code == ErrorCode::unavailable;
  if (is_lost && request->state == State::submitted && around_.loop.now() < request->deadline) {
    place_again(*request);
  } else if (is_lost && request->state == State::accepted && may_lose_again(*request)) {
    ++request->losses;
    request->deadline = around_.loop.now() + patience();
    place_again(*request);
  } else {
    fail_request(failed.request, std::move(failed.error));
  }
}

void IngressRequests::node_lost(const NodeId& node) {
  std::vector<RequestId> lost;
  for (auto& [id, request] : requests_) {
    if (!has_head(request.state) || request.head != node) continue;
    if (may_lose_again(request)) {
      ++request.losses;
      request.deadline = around_.loop.now() + patience();
      place_again(request);
    } else {
      lost.push_back(id);
    }
  }
  for (const RequestId& id : lost) {
    fail_request(id, {ErrorCode::unavailable,
                      fmt::format("node {}, the head of {}, was lost", node, requests_.at(id).asked.model)});
  }
}

void IngressRequests::tick() {
  std::vector<RequestId> waiting;
  for (const auto& [id, request] : requests_) {
    if (request.state != State::accepted) waiting.push_back(id);
  }
  for (const RequestId& id : waiting) {
    const IngressRequest& request = requests_.at(id);
    if (around_.loop.now() >= request.deadline) {
      give_up(id, {ErrorCode::deadline_exceeded,
                   fmt::format("{} did not begin to answer in time", request.asked.model)});
    } else if (request.state == State::submitted) {
      watch_loading(id);
    } else if (request.state == State::placing && !around_.proposals.is_running(request.asked.model)) {
      place(id);
    }
  }
}

void IngressRequests::watch_loading(const RequestId& id) {
  IngressRequest& request = requests_.at(id);
  const LoadedBytes loaded = loaded_bytes(around_.members.reports(), request.asked.model, request.epoch);
  if (loaded == request.loaded || loaded.total == 0) return;
  request.loaded = loaded;
  request.deadline = around_.loop.now() + patience();
  request.sink->on_loading(
      {.model = request.asked.model, .bytes_done = loaded.done, .bytes_total = loaded.total});
}

void IngressRequests::cancel(const RequestId& id) {
  auto found = requests_.find(id);
  if (found == requests_.end()) return;
  tell_head_to_stop(id, found->second);
  remove(found);
}

void IngressRequests::tell_head_to_stop(const RequestId& id, const IngressRequest& request) {
  if (has_head(request.state)) around_.sender.send(request.head, CancelRequest{.request = id});
}

void IngressRequests::give_up(const RequestId& id, Error error) {
  tell_head_to_stop(id, requests_.at(id));
  fail_request(id, std::move(error));
}

void IngressRequests::fail_request(const RequestId& id, Error error) {
  auto found = requests_.find(id);
  if (found == requests_.end()) return;
  ++failed_;
  remove(found)->on_failed(std::move(error));
}

std::shared_ptr<ResponseSink> IngressRequests::remove(Requests::iterator request) {
  std::shared_ptr<ResponseSink> sink = std::move(request->second.sink);
  requests_.erase(request);
  wait_.end(around_.loop.now());
  return sink;
}

void IngressRequests::close() {
  const Error reason{ErrorCode::unavailable, "this node is stopping"};
  while (!requests_.empty()) give_up(RequestId(requests_.begin()->first), reason);
}

bool IngressRequests::depends_on(const NodeId& node) const {
  return std::ranges::any_of(requests_, [&](const auto& entry) {
    return has_head(entry.second.state) && entry.second.head == node;
  });
}

}  // namespace shoal
