#include "service/head_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/os.h"
#include "base/retry_advice.h"
#include "service/generation_request.h"

namespace shoal {
namespace {

constexpr int64_t long_prompt_bytes = 64 << 10;  // tokenising it takes some ten milliseconds

int64_t prompt_bytes(const Prompt& prompt) {
  if (const auto* text = std::get_if<PromptText>(&prompt)) return std::ssize(text->text);
  if (const auto* chat = std::get_if<PromptChat>(&prompt)) return std::ssize(chat->messages_json);
  return 0;  // token ids need only be counted
}

}  // namespace

HeadRequests::HeadRequests(ServiceLoop loop, TextLoops text_loops, MessageSender& sender,
                           const Hosting& hosting, int64_t limit)
    : loop_(std::move(loop)),
      text_loops_(std::move(text_loops)),
      sender_(sender),
      hosting_(hosting),
      limit_(limit) {}

void HeadRequests::receive(const NodeId& from, SubmitRequest submitted) {
  InstanceHead* head = hosting_.find_head(submitted.instance, submitted.epoch);
  if (head == nullptr) {
    refuse(from, submitted,
           {ErrorCode::unavailable, fmt::format("{} is not served here any more", submitted.instance)});
    return;
  }
  // One node's clients must not use up everybody's places.
  const int64_t from_there =
      std::ranges::count_if(requests_, [&](const auto& entry) { return entry.second.ingress == from; });
  if (from_there >= limit_ || count() >= 2 * limit_) {
    refuse(from, submitted,
           {ErrorCode::resource_exhausted,
            fmt::format("the node that serves {} has {} requests, which is its limit; {}", submitted.instance,
                        count(), advise_retry(wait_.refuse(loop_.now())))});
    return;
  }
  if (requests_.contains(submitted.request)) {
    refuse(from, submitted,
           {ErrorCode::invalid_argument,
            fmt::format("request {} is already being answered", submitted.request)});
    return;
  }
  const RequestId id = submitted.request;
  HeadRequest request{.ticket = ++last_ticket_,
                      .ingress = from,
                      .submitted = std::make_shared<const SubmitRequest>(std::move(submitted)),
                      .open_choices = {}};
  const auto added = requests_.emplace(id, std::move(request)).first;
  wait_.begin(loop_.now());
  if (head->is_ready()) tokenise(added->second, *head);
}

void HeadRequests::on_instance_ready(const InstanceId& instance, const Epoch& epoch) {
  last_used_[instance] = loop_.now();
  InstanceHead* head = hosting_.find_head(instance, epoch);
  for (const auto& [id, request] : requests_) {
    if (request.submitted->instance == instance && request.submitted->epoch == epoch)
      tokenise(request, *head);
  }
}

void HeadRequests::tokenise(const HeadRequest& request, InstanceHead& head) {
  auto work = [this, loop = loop_, ticket = request.ticket, submitted = request.submitted, text = head.text(),
               context_length = head.context_length()] {
    auto made = std::make_shared<Result<Generations>>();
    Result<OpenedChat> opened = make_prompt(submitted->prompt, submitted->tools, *text, context_length);
    if (!opened) {
      *made = fail(opened.error());
    } else {
      Result<std::vector<Generation>> choices = make_generations(*submitted, *opened, *text, context_length);
      if (choices) {
        **made = Generations{.opened = *std::move(opened), .choices = *std::move(choices)};
      } else {
        *made = fail(choices.error());
      }
    }
    if (prompt_bytes(submitted->prompt) > long_prompt_bytes) os::give_back_memory();
    loop.post([this, id = submitted->request, ticket, made] { start(id, ticket, std::move(*made)); });
  };
  const bool is_long = prompt_bytes(request.submitted->prompt) > long_prompt_bytes;
  if ((is_long ? text_loops_.long_ones : text_loops_.any)->post(std::move(work))) return;
  loop_.post([this, id = request.submitted->request, ticket = request.ticket] {
    start(id, ticket, fail(ErrorCode::unavailable, "this node is stopping or overloaded"));
  });
}

void HeadRequests::start(const RequestId& id, uint64_t ticket, Result<Generations> made) {
  auto request = requests_.find(id);
  if (request == requests_.end() || request->second.ticket != ticket) return;
  const SubmitRequest& submitted = *request->second.submitted;
  if (!made) return fail_request(request, made.error());
  InstanceHead* head = hosting_.find_head(submitted.instance, submitted.epoch);
  if (head == nullptr) return fail_request(request, {ErrorCode::unavailable, "the model was unloaded"});
  for (Generation& choice : made->choices) {
    const uint32_t index = choice.choice_index;
    if (Result<void> accepted = head->submit(std::move(choice)); !accepted) {
      return fail_request(request, accepted.error());
    }
    request->second.open_choices.insert(index);
  }
  sender_.send(request->second.ingress, RequestAccepted{.request = id,
                                                        .epoch = submitted.epoch,
                                                        .prompt = std::move(made->opened.prompt),
                                                        .opening = std::move(made->opened.opening)});
}

void HeadRequests::receive(const NodeId& from, const CancelRequest& cancel) {
  auto request = requests_.find(cancel.request);
  if (request != requests_.end() && request->second.ingress == from) drop(request);
}

void HeadRequests::on_instance_released(const InstanceId& instance, const Epoch& epoch, const Error& reason) {
  const auto hit = select([&](const HeadRequest& request) {
    return request.submitted->instance == instance && request.submitted->epoch <= epoch;
  });
  for (const RequestId& id : hit) fail_request(requests_.find(id), reason);
  last_used_.erase(instance);
}

void HeadRequests::node_lost(const NodeId& node) {
  for (const RequestId& id : select([&](const HeadRequest& request) { return request.ingress == node; })) {
    drop(requests_.find(id));
  }
}

int64_t HeadRequests::active(const InstanceId& instance) const {
  return std::ranges::count_if(
      requests_, [&](const auto& entry) { return entry.second.submitted->instance == instance; });
}

int64_t HeadRequests::idle_ms(const InstanceId& instance) const {
  auto used = last_used_.find(instance);
  if (used == last_used_.end() || active(instance) > 0) return 0;
  const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - used->second);
  return std::max<int64_t>(idle.count(), 1);
}

void HeadRequests::on_answer(AnswerMessage message) {
  std::visit(
      [this](auto& part) {
        const auto request = find(part.request, part.epoch);
        if (request != requests_.end()) pass_on(request, std::move(part));
      },
      message);
}

void HeadRequests::pass_on(Requests::iterator request, TokenDelivery token) {
  sender_.send(request->second.ingress, std::move(token));
}

void HeadRequests::pass_on(Requests::iterator request, ChoiceFinished finished) {
  const uint32_t choice = finished.choice_index;
  sender_.send(request->second.ingress, std::move(finished));
  request->second.open_choices.erase(choice);
  if (request->second.open_choices.empty()) remove(request);
}

void HeadRequests::pass_on(Requests::iterator request, RequestFailed failed) {
  fail_request(request, std::move(failed.error));
}

void HeadRequests::refuse(const NodeId& ingress, const SubmitRequest& submitted, Error error) {
  sender_.send(
      ingress,
      RequestFailed{.request = submitted.request, .epoch = submitted.epoch, .error = std::move(error)});
}

void HeadRequests::fail_request(Requests::iterator request, Error error) {
  refuse(request->second.ingress, *request->second.submitted, std::move(error));
  drop(request);
}

void HeadRequests::drop(Requests::iterator request) {
  const SubmitRequest& submitted = *request->second.submitted;
  if (InstanceHead* head = hosting_.find_head(submitted.instance, submitted.epoch); head != nullptr) {
    head->cancel(submitted.request);
  }
  remove(request);
}

void HeadRequests::remove(Requests::iterator request) {
  last_used_[request->second.submitted->instance] = loop_.now();
  wait_.end(loop_.now());
  requests_.erase(request);
}

HeadRequests::Requests::iterator HeadRequests::find(const RequestId& id, const Epoch& epoch) {
  auto request = requests_.find(id);
  const bool is_ours = request != requests_.end() && request->second.submitted->epoch == epoch;
  return is_ours ? request : requests_.end();
}

std::vector<RequestId> HeadRequests::select(const std::function<bool(const HeadRequest&)>& chosen) const {
  std::vector<RequestId> ids;
  for (const auto& [id, request] : requests_) {
    if (chosen(request)) ids.push_back(id);
  }
  return ids;
}

}  // namespace shoal
