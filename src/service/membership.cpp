#include "service/membership.h"

#include <utility>

namespace shoal {

void Membership::join(NodeReport report, TimePoint now) {
  const NodeId node = report.node;
  peers_.insert_or_assign(node, Peer{.report = std::move(report), .last_heard = now, .last_report = now});
}

bool Membership::hear(const NodeId& node, TimePoint now) {
  if (node == own_.node) return true;
  auto found = peers_.find(node);
  if (found == peers_.end()) return false;
  found->second.last_heard = std::max(found->second.last_heard, now);
  return true;
}

void Membership::update(const NodeId& node, NodeReport report, TimePoint now) {
  auto found = peers_.find(node);
  if (found == peers_.end() || report.node != node) return;
  report.address = std::move(found->second.report.address);
  report.incarnation = found->second.report.incarnation;
  found->second.report = std::move(report);
  found->second.last_report = now;
}

bool Membership::has_reported_since(const NodeId& node, TimePoint time) const {
  if (node == own_.node) return true;
  auto found = peers_.find(node);
  return found != peers_.end() && found->second.last_report >= time;
}

bool Membership::remove(const NodeId& node) { return peers_.erase(node) > 0; }

const NodeReport* Membership::find(const NodeId& node) const {
  if (node == own_.node) return &own_;
  auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second.report;
}

std::vector<NodeReport> Membership::reports() const {
  std::vector<NodeReport> reports = {own_};
  for (const auto& [node, peer] : peers_) reports.push_back(peer.report);
  return reports;
}

std::vector<NodeReport> Membership::fresh_reports(TimePoint now, Duration limit) const {
  std::vector<NodeReport> reports = {own_};
  for (const auto& [node, peer] : peers_) {
    if (now - peer.last_heard < limit) reports.push_back(peer.report);
  }
  return reports;
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
