// Who is here: this node, and peers known by their handshake, kept by what they say and lost by silence.
// Pure; time comes in. Used on the service's loop.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "cluster/node_report.h"

namespace shoal {

class Membership {
 public:
  explicit Membership(NodeReport own) : own_(std::move(own)) {}

  const NodeReport& own() const { return own_; }
  void set_own(NodeReport report) { own_ = std::move(report); }

  void join(NodeReport report, TimePoint now);
  // Anything that a member says shows that it lives. False: it is no member, and what it says is not heard.
  bool hear(const NodeId& node, TimePoint now);
  // A newer report of a member. What the handshake found out, its address and incarnation, stays.
  void update(const NodeId& node, NodeReport report, TimePoint now);
  // Whether find() gives what the member said at `time` or later; of this node always.
  bool has_reported_since(const NodeId& node, TimePoint time) const;
  // False: it was no member.
  bool remove(const NodeId& node);

  // Members and this node.
  const NodeReport* find(const NodeId& node) const;
  // This node first, the others by id.
  std::vector<NodeReport> reports() const;
  // As reports(), without those that have been silent for `limit`: who may be asked for something new.
  std::vector<NodeReport> fresh_reports(TimePoint now, Duration limit) const;
  std::vector<NodeId> peers() const;

  // Peers whose silence has reached what `limit` allows them.
  std::vector<NodeId> silent_peers(TimePoint now, const std::function<Duration(const NodeId&)>& limit) const;
  // Our own loop stood still for so long: nobody's silence in that time counts.
  void excuse(Duration standstill);

 private:
  struct Peer {
    NodeReport report;
    TimePoint last_heard;
    TimePoint last_report;
  };
  NodeReport own_;
  std::map<NodeId, Peer> peers_;
};

}  // namespace shoal
