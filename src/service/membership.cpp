#include "service/membership.h"

#include <utility>

namespace shoal {

void Membership::join(NodeReport report, TimePoint now) {
  peers_.insert_or_assign(report.node, Peer{.last_heard = now, .last_report = now});
  reports_.put(std::move(report));
}

bool Membership::hear(const NodeId& node, TimePoint now) {
  if (node == own().node) return true;
  auto found = peers_.find(node);
  if (found == peers_.end()) return false;
  found->second.last_heard = std::max(found->second.last_heard, now);
  return true;
}

void Membership::update(const NodeId& node, NodeReport report, TimePoint now) {
  auto found = peers_.find(node);
  if (found == peers_.end() || report.node != node) return;
  const NodeReport& known = *reports_.find(node);
  report.address = known.address;
  report.incarnation = known.incarnation;
  reports_.put(std::move(report));
  found->second.last_report = now;
}

bool Membership::has_reported_since(const NodeId& node, TimePoint time) const {
  if (node == own().node) return true;
  auto found = peers_.find(node);
  return found != peers_.end() && found->second.last_report >= time;
}

bool Membership::remove(const NodeId& node) { return peers_.erase(node) > 0 && reports_.remove(node); }

std::vector<NodeReport> Membership::fresh_reports(TimePoint now, Duration limit) const {
  std::vector<NodeReport> fresh = {own()};
  for (const NodeReport& report : reports().subspan(1)) {
    if (now - peers_.at(report.node).last_heard < limit) fresh.push_back(report);
  }
  return fresh;
}

std::vector<NodeId> Membership::peers() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_) nodes.push_back(node);
  return nodes;
}

std::vector<NodeId> Membership::silent_peers(TimePoint now,
                                             const std::function<Duration(const NodeId&)>& limit) const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_) {
    if (now - peer.last_heard >= limit(node)) nodes.push_back(node);
  }
  return nodes;
}

void Membership::excuse(Duration standstill) {
  for (auto& [node, peer] : peers_) peer.last_heard += standstill;
}

}  // namespace shoal
