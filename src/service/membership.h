// The members of the cluster: this node, and peers that a handshake brought in and that stay for as long as
// they are heard. Pure; the caller gives the time. Used on the service's loop.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "service/report_list.h"

namespace shoal {

class Membership {
 public:
  explicit Membership(NodeReport own) : reports_(std::move(own)) {}

  const NodeReport& own() const { return reports_.own(); }
  void set_own(NodeReport report) { reports_.put(std::move(report)); }

  void join(NodeReport report, TimePoint now);
  // Notes that `node` is alive, because it said something. False: it is no member, and what it says must be
  // ignored.
  bool hear(const NodeId& node, TimePoint now);
  // Takes a member's newer report, except for its address and incarnation, which the handshake found out.
  void update(const NodeId& node, NodeReport report, TimePoint now);
  // Whether the report that find() gives was made at `time` or later; always true of this node.
  bool has_reported_since(const NodeId& node, TimePoint time) const;
  // False when it was no member.
  bool remove(const NodeId& node);

  // Members and this node, whose report is the first; valid until the next change.
  const NodeReport* find(const NodeId& node) const { return reports_.find(node); }
  std::span<const NodeReport> reports() const { return reports_.all(); }
  // Copies of the reports without members that have been silent for `limit`: nodes that may be asked for
  // something new.
  std::vector<NodeReport> fresh_reports(TimePoint now, Duration limit) const;
  std::vector<NodeId> peers() const;

  // Peers that have been silent for as long as `limit` allows them.
  std::vector<NodeId> silent_peers(TimePoint now, const std::function<Duration(const NodeId&)>& limit) const;
  // Forgives everybody's silence during `standstill`, in which our own loop stood still.
  void excuse(Duration standstill);

 private:
  struct Peer {
    TimePoint last_heard;
    TimePoint last_report;
  };
  ReportList reports_;
  std::map<NodeId, Peer> peers_;  // every member but this node
};

}  // namespace shoal
