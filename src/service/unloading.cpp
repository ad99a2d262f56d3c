#include "service/unloading.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "service/cluster_knowledge.h"

namespace shoal {

Unloading::Unloading(ServiceLoop loop, MessageSender& sender, const Membership& members, Hosting& hosting,
                     const HeadRequests& head_requests, Duration deadline)
    : loop_(std::move(loop)),
      sender_(sender),
      members_(members),
      hosting_(hosting),
      head_requests_(head_requests),
      deadline_(deadline) {}

void Unloading::unload(const InstanceId& instance, Done done) {
  const auto location = find_instance(members_.reports(), instance);
  if (!location) {
    loop_.post([done = std::move(done), instance] {
      done(fail(ErrorCode::not_found, fmt::format("model {} is not loaded", instance)));
    });
    return;
  }
  const uint64_t number = ++last_call_;
  calls_.emplace(number, Call{.instance = instance,
                              .head = location->head,
                              .deadline = loop_.now() + deadline_,
                              .done = std::move(done)});
  sender_.send(location->head, UnloadModel{.call = number, .instance = instance});
}

void Unloading::receive(const NodeId& from, const UnloadModel& unload) {
  sender_.send(from, ModelUnloaded{.call = unload.call, .outcome = release_here(unload.instance)});
}

Result<void> Unloading::release_here(const InstanceId& instance) {
  if (hosting_.find_head(instance) == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("model {} is not loaded here", instance));
  }
  if (const int64_t active = head_requests_.active(instance); active > 0) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("model {} is answering {} request{}; unload it when it is idle", instance, active,
                            active == 1 ? "" : "s"));
  }
  const PromisedPlan* promised = hosting_.promises().find(instance);
  hosting_.release(instance, promised->plan.epoch, {ErrorCode::unavailable, "the model was unloaded"});
  return {};
}

void Unloading::receive(const NodeId& from, const ModelUnloaded& unloaded) {
  auto call = calls_.find(unloaded.call);
  if (call == calls_.end() || call->second.head != from) return;
  if (!unloaded.outcome) return finish(unloaded.call, fail(unloaded.outcome.error()));
  call->second.agreed = true;
  tick();
}

void Unloading::node_lost(const NodeId& node) {
  // The node's shards are gone, too.
  for (auto& [number, call] : calls_) call.agreed = call.agreed || call.head == node;
}

void Unloading::tick() {
  std::vector<std::pair<uint64_t, Result<void>>> ended;
  for (const auto& [number, call] : calls_) {
    const bool is_held = std::ranges::any_of(members_.reports(), [&](const NodeReport& report) {
      return std::ranges::find(report.shards, call.instance, &ShardReport::instance) != report.shards.end();
    });
    if (call.agreed && !is_held) {
      ended.emplace_back(number, Result<void>());
    } else if (loop_.now() >= call.deadline) {
      ended.emplace_back(number, fail(ErrorCode::deadline_exceeded,
                                      fmt::format("model {} was not unloaded in time", call.instance)));
    }
  }
  for (auto& [number, outcome] : ended) finish(number, std::move(outcome));
}

void Unloading::close() {
  while (!calls_.empty())
    finish(calls_.begin()->first, fail(ErrorCode::unavailable, "this node is stopping"));
}

void Unloading::finish(uint64_t number, Result<void> outcome) {
  auto call = calls_.find(number);
  if (call == calls_.end()) return;
  Done done = std::move(call->second.done);
  calls_.erase(call);
  done(std::move(outcome));
}

}  // namespace shoal
