#include "net/candidates.h"

#include <algorithm>
#include <tuple>

#include "net/address.h"

namespace shoal {

void Candidates::see(const PeerCandidate& candidate, TimePoint now) {
  if (!nodes_.contains(candidate.node) && std::ssize(nodes_) >= settings_.node_limit) {
    std::erase_if(nodes_, [](const auto& entry) {
      return entry.second.phase == Phase::waiting && entry.second.addresses.empty();
    });
    if (std::ssize(nodes_) >= settings_.node_limit) return;
  }
  Node& node = nodes_[candidate.node];
  for (Address& address : node.addresses) {
    if (address.candidate.address == candidate.address && address.candidate.port == candidate.port) {
      address.candidate = candidate;
      address.last_seen = now;
      return;
    }
  }
  if (std::ssize(node.addresses) >= settings_.address_limit) return;
  node.addresses.push_back({.candidate = candidate, .last_seen = now});
}

Candidates::Address* Candidates::best_address(Node& node, TimePoint now) {
  std::erase_if(node.addresses,
                [&](const Address& address) { return now - address.last_seen > settings_.lifetime; });
  auto rank = [](const Address& address) {
    return std::tuple(-address.failures, address.candidate.priority,
                      address_preference(classify_address(address.candidate.address)), address.last_seen);
  };
  const auto best = std::ranges::max_element(node.addresses, {}, rank);
  return best == node.addresses.end() ? nullptr : &*best;
}

std::vector<PeerCandidate> Candidates::take_due(TimePoint now) {
  std::vector<PeerCandidate> due;
  for (auto& [id, node] : nodes_) {
    if (node.phase != Phase::waiting || node.not_before > now) continue;
    const Address* best = best_address(node, now);
    if (best == nullptr) continue;
    node.phase = Phase::dialling;
    node.dialled = static_cast<size_t>(best - node.addresses.data());
    due.push_back(best->candidate);
  }
  return due;
}

std::optional<TimePoint> Candidates::next_due() const {
  std::optional<TimePoint> next;
  for (const auto& [id, node] : nodes_) {
    if (node.phase != Phase::waiting || node.addresses.empty()) continue;
    next = std::min(next.value_or(node.not_before), node.not_before);
  }
  return next;
}

// Doubles, with up to a quarter taken off at random, so that two nodes do not fail in step for ever.
Duration Candidates::retry_delay(int failures) {
  const Duration full = std::min(settings_.longest_retry,
                                 settings_.first_retry * (int64_t{1} << std::clamp(failures - 1, 0, 20)));
  return full - Duration(std::uniform_int_distribution<int64_t>(0, full.count() / 4)(random_));
}

void Candidates::failed(const NodeId& id, TimePoint now) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || found->second.phase != Phase::dialling) return;
  Node& node = found->second;
  node.phase = Phase::waiting;
  if (node.dialled < node.addresses.size()) ++node.addresses[node.dialled].failures;
  const Address* next = best_address(node, now);
  node.not_before = next == nullptr || next->failures == 0 ? now : now + retry_delay(next->failures);
}

void Candidates::joined(const NodeId& id, TimePoint now) {
  Node& node = nodes_[id];
  node.phase = Phase::connected;
  node.joined_at = now;
}

void Candidates::lost(const NodeId& id, TimePoint now) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || found->second.phase != Phase::connected) return;
  Node& node = found->second;
  node.phase = Phase::waiting;
  node.losses = now - node.joined_at >= settings_.stable_after ? 1 : node.losses + 1;
  for (Address& address : node.addresses) address.failures = 0;
  node.not_before = now + retry_delay(node.losses);
}

}  // namespace shoal
