// Who is here: this node, and peers known by their handshake, kept by what they say and lost by silence.
// Pure; time comes in. Used on the service's loop.
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
  // Anything that a member says shows that it lives. False: it is no member, and what it says is not heard.
  bool hear(const NodeId& node, TimePoint now);
  // A newer report of a member. What the handshake found out, its address and incarnation, stays.
  void update(const NodeId& node, NodeReport report, TimePoint now);
  // Whether find() gives what the member said at `time` or later; of this node always.
  bool has_reported_since(const NodeId& node, TimePoint time) const;
  // False: it was no member.
  bool remove(const NodeId& node);

  // Members and this node, which comes first; valid until the next change.
  const NodeReport* find(const NodeId& node) const { return reports_.find(node); }
  std::span<const NodeReport> reports() const { return reports_.all(); }
  // Copies, without those that have been silent for `limit`: who may be asked for something new.
  std::vector<NodeReport> fresh_reports(TimePoint now, Duration limit) const;
  std::vector<NodeId> peers() const;

  // Peers whose silence has reached what `limit` allows them.
  std::vector<NodeId> silent_peers(TimePoint now, const std::function<Duration(const NodeId&)>& limit) const;
  // Our own loop stood still for so long: nobody's silence in that time counts.
  void excuse(Duration standstill);

 private:
  struct Peer {
    TimePoint last_heard;
    TimePoint last_report;
  };
  ReportList reports_;
  std::map<NodeId, Peer> peers_;  // those that have a report, but for this node
};

}  // namespace shoal
