#include "net/candidates.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "net/address.h"
#include "net/dial_trouble.h"

namespace shoal {
namespace {

// At most so many announcements a second may push out another stranger, because finding one is a search.
constexpr int64_t evictions_per_second = 50;

int64_t count_at(const std::map<std::string, int64_t>& counts, const std::string& address) {
  const auto found = counts.find(address);
  return found == counts.end() ? 0 : found->second;
}

void count_down(std::map<std::string, int64_t>& counts, const std::string& address) {
  const auto found = counts.find(address);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

Candidates::Candidates(Settings settings, uint64_t seed)
    : settings_(settings),
      random_(seed),
      rate_(settings_.dials_per_second, settings_.dial_burst),
      eviction_rate_(evictions_per_second, evictions_per_second) {}

bool Candidates::see(const PeerCandidate& candidate, TimePoint now) {
  Node* node = find_or_add(candidate, now);
  if (node == nullptr) return false;
  if (candidate.declared) make_known(*node);
  for (Address& address : node->addresses) {
    if (address.candidate.address != candidate.address || address.candidate.port != candidate.port) continue;
    address.candidate = candidate;
    address.last_seen = now;
    return false;
  }
  if (std::ssize(node->addresses) >= settings_.address_limit) return false;
  node->addresses.push_back({.candidate = candidate, .first_seen = now, .last_seen = now});
  return true;
}

Candidates::Node* Candidates::find_or_add(const PeerCandidate& candidate, TimePoint now) {
  const auto found = nodes_.find(candidate.node);
  if (found != nodes_.end()) return &found->second;
  const bool has_room = candidate.declared ? std::ssize(nodes_) - stranger_count_ < settings_.node_limit
                                           : has_room_for_stranger(candidate.address, now);
  if (!has_room) {
    ++passed_over_;
    passed_over_from_ = candidate.address;
    return nullptr;
  }
  Node& node = nodes_[candidate.node];
  node.stranger_at = candidate.address;
  ++stranger_count_;
  ++strangers_at_[candidate.address];
  return &node;
}

// Where there is no room, the stranger whose dials have failed most gives way: of those at this address if it
// has too many, otherwise of all.
bool Candidates::has_room_for_stranger(const std::string& address, TimePoint now) {
  const bool is_full_there = count_at(strangers_at_, address) >= settings_.strangers_per_address;
  if (!is_full_there && stranger_count_ < settings_.stranger_limit) return true;
  if (!eviction_rate_.try_take(now)) return false;
  const auto weakest = find_weakest_stranger(is_full_there ? &address : nullptr);
  if (weakest == nodes_.end()) return false;
  forget(weakest);
  return true;
}

// Searches at `address`, or everywhere when it is null. end() unless a stranger was dialled in vain.
Candidates::Nodes::iterator Candidates::find_weakest_stranger(const std::string* address) {
  auto weakest = nodes_.end();
  int most_failures = 0;
  for (auto node = nodes_.begin(); node != nodes_.end(); ++node) {
    const Node& stranger = node->second;
    const bool may_go = !stranger.is_known && stranger.phase == Phase::waiting &&
                        (address == nullptr || stranger.stranger_at == *address);
    const Address* best = may_go ? best_address(stranger) : nullptr;
    if (best == nullptr || best->failures <= most_failures) continue;
    most_failures = best->failures;
    weakest = node;
  }
  return weakest;
}

void Candidates::make_known(Node& node) {
  if (std::exchange(node.is_known, true)) return;
  if (node.stranger_at.empty()) return;
  --stranger_count_;
  count_down(strangers_at_, std::exchange(node.stranger_at, {}));
  if (node.phase == Phase::dialling) --stranger_dial_count_;
}

Candidates::Nodes::iterator Candidates::forget(Nodes::iterator node) {
  make_known(node->second);
  return nodes_.erase(node);
}

void Candidates::forget_unseen(TimePoint now) {
  for (auto node = nodes_.begin(); node != nodes_.end();) {
    std::vector<Address>& addresses = node->second.addresses;
    std::erase_if(addresses,
                  [&](const Address& address) { return now - address.last_seen > settings_.lifetime; });
    const bool is_gone =
        addresses.empty() && node->second.phase == Phase::waiting && node->second.not_before <= now;
    node = is_gone ? forget(node) : std::next(node);
  }
  std::erase_if(rates_at_, [&](const auto& rate) { return rate.second.is_rested(now); });
}

Candidates::Address* Candidates::best_address(Node& node) {
  auto rank = [](const Address& address) {
    return std::tuple(-address.failures, address.candidate.priority,
                      address_preference(classify_address(address.candidate.address)), address.last_seen);
  };
  const auto best = std::ranges::max_element(node.addresses, {}, rank);
  return best == node.addresses.end() ? nullptr : &*best;
}

std::vector<PeerCandidate> Candidates::take_due(TimePoint now) {
  forget_unseen(now);
  struct Due {
    // The smallest is dialled first: known nodes, then fewer failures, then addresses that were seen again,
    // then those that were seen first.
    std::tuple<bool, int, bool, TimePoint> rank;
    Node* node;
    const Address* address;
  };
  std::vector<Due> waiting;
  for (auto& [id, node] : nodes_) {
    if (node.phase != Phase::waiting || node.not_before > now) continue;
    const Address* best = best_address(node);
    if (best == nullptr) continue;
    const bool was_seen_once = best->first_seen == best->last_seen;
    waiting.push_back({.rank = {!node.is_known, best->failures, was_seen_once, best->first_seen},
                       .node = &node,
                       .address = best});
  }
  std::ranges::sort(waiting, {}, &Due::rank);
  std::vector<PeerCandidate> taken;
  for (const Due& due : waiting) {
    const PeerCandidate& candidate = due.address->candidate;
    if (!may_dial(*due.node, candidate.address) || !rate_.is_ready(now)) continue;
    if (!rate_at(candidate.address).try_take(now)) continue;
    rate_.try_take(now);
    taken.push_back(candidate);
    begin_dial(*due.node, candidate);
  }
  return taken;
}

RateLimit& Candidates::rate_at(const std::string& address) {
  const auto rate =
      rates_at_.try_emplace(address, settings_.address_dials_per_second, settings_.dial_burst).first;
  return rate->second;
}

bool Candidates::may_dial(const Node& node, const std::string& address) const {
  return dial_count_ < settings_.dial_limit &&
         (node.is_known || stranger_dial_count_ < settings_.stranger_dial_limit) &&
         count_at(dials_at_, address) < settings_.dials_per_address;
}

void Candidates::begin_dial(Node& node, const PeerCandidate& candidate) {
  node.phase = Phase::dialling;
  node.dialled = candidate;
  ++dial_count_;
  ++dials_at_[candidate.address];
  if (!node.is_known) ++stranger_dial_count_;
}

void Candidates::end_dial(Node& node) {
  if (node.phase != Phase::dialling) return;
  node.phase = Phase::waiting;
  --dial_count_;
  count_down(dials_at_, node.dialled.address);
  if (!node.is_known) --stranger_dial_count_;
}

std::optional<TimePoint> Candidates::next_due() const {
  std::optional<TimePoint> next;
  for (const auto& [id, node] : nodes_) {
    if (node.phase != Phase::waiting || node.addresses.empty()) continue;
    const std::string& address = best_address(node)->candidate.address;
    if (!may_dial(node, address)) continue;  // only the end of a dial makes room
    TimePoint due = std::max(node.not_before, rate_.ready_at());
    if (const auto rate = rates_at_.find(address); rate != rates_at_.end())
      due = std::max(due, rate->second.ready_at());
    next = std::min(next.value_or(due), due);
  }
  return next;
}

// Doubles with each failure. Up to a quarter is taken off at random, so that two nodes do not fail in step
// for ever.
Duration Candidates::retry_delay(int failures) {
  const Duration full = std::min(settings_.longest_retry,
                                 settings_.first_retry * (int64_t{1} << std::clamp(failures - 1, 0, 20)));
  return full - Duration(std::uniform_int_distribution<int64_t>(0, full.count() / 4)(random_));
}

void Candidates::failed(const NodeId& id, const Error& reason, TimePoint now) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || found->second.phase != Phase::dialling) return;
  Node& node = found->second;
  end_dial(node);
  for (Address& address : node.addresses) {
    const PeerCandidate& candidate = address.candidate;
    if (candidate.address == node.dialled.address && candidate.port == node.dialled.port) ++address.failures;
  }
  if (!node.trouble) node.trouble = Trouble{.since = now, .reason = {}, .dialled = {}};
  node.trouble->reason = reason;
  node.trouble->dialled = node.dialled;
  const Address* next = best_address(node);
  node.not_before = next == nullptr || next->failures == 0 ? now : now + retry_delay(next->failures);
}

void Candidates::postponed(const NodeId& id, TimePoint now) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || found->second.phase != Phase::dialling) return;
  end_dial(found->second);
  found->second.not_before = now + retry_delay(1);
}

void Candidates::joined(const NodeId& id, TimePoint now) {
  Node& node = nodes_[id];
  end_dial(node);
  make_known(node);
  node.phase = Phase::connected;
  node.joined_at = now;
  node.trouble.reset();
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

// A node must have been seen again since its dials began to fail, because otherwise it may be gone for good.
bool Candidates::is_unreachable(const Node& node, TimePoint now) const {
  return node.phase != Phase::connected && node.trouble && now - node.trouble->since >= settings_.patience &&
         std::ranges::any_of(node.addresses,
                             [&](const Address& address) { return address.last_seen > node.trouble->since; });
}

MissingPeer Candidates::describe(const NodeId& id, const Node& node, TimePoint now) const {
  const Address* best = best_address(node);
  const PeerCandidate& place = node.trouble ? node.trouble->dialled : best->candidate;
  MissingPeer missing{
      .node = id, .place = host_and_port(place.address, place.port), .problem = {}, .advice = {}};
  if (!is_unreachable(node, now)) return missing;
  DialTrouble trouble = explain_trouble(node.trouble->reason, place);
  missing.problem = std::move(trouble.problem);
  missing.advice = std::move(trouble.advice);
  missing.seconds = std::chrono::duration_cast<std::chrono::seconds>(now - node.trouble->since).count();
  return missing;
}

std::vector<MissingPeer> Candidates::missing(TimePoint now) const {
  std::vector<MissingPeer> missing;
  for (const bool is_known : {true, false}) {
    for (const auto& [id, node] : nodes_) {
      if (missing.size() >= missing_limit) return missing;
      if (node.is_known != is_known || node.phase == Phase::connected || node.addresses.empty()) continue;
      missing.push_back(describe(id, node, now));
    }
  }
  return missing;
}

std::vector<MissingPeer> Candidates::take_newly_unreachable(TimePoint now) {
  std::vector<MissingPeer> found;
  for (auto& [id, node] : nodes_) {
    if (!is_unreachable(node, now) || std::exchange(node.trouble->is_told, true)) continue;
    found.push_back(describe(id, node, now));
  }
  return found;
}

std::optional<Candidates::Flood> Candidates::take_flood(TimePoint now) {
  const bool is_time = !flood_taken_ || now - *flood_taken_ >= std::chrono::minutes(1);
  if (passed_over_ == 0 || !is_time) return std::nullopt;
  flood_taken_ = now;
  return Flood{.count = std::exchange(passed_over_, 0), .address = passed_over_from_};
}

}  // namespace shoal
