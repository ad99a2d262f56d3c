// Whom to dial, where, and when: candidates as discovery sees them, one entry for each node id, with retries
// that slow down. Pure; the caller owns time.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <vector>

#include "base/clock.h"
#include "cluster/discovery.h"

namespace shoal {

class Candidates {
 public:
  struct Settings {
    Duration lifetime = std::chrono::seconds(30);  // an address not seen for so long is forgotten
    Duration first_retry = std::chrono::milliseconds(200);
    Duration longest_retry = std::chrono::seconds(10);
    Duration stable_after = std::chrono::seconds(5);  // a connection that lived so long resets the retries
    int64_t node_limit = 1000;
    int64_t address_limit = 16;  // of one node
  };

  Candidates(Settings settings, uint64_t seed) : settings_(settings), random_(seed) {}

  void see(const PeerCandidate& candidate, TimePoint now);

  // The best address of each node that is neither connected nor being dialled, if it is time. What is
  // returned counts as being dialled until failed() or joined().
  std::vector<PeerCandidate> take_due(TimePoint now);
  // When take_due may next return something; nullopt: only after see().
  std::optional<TimePoint> next_due() const;

  void failed(const NodeId& node, TimePoint now);
  // However the connection came about; also for nodes that were never seen.
  void joined(const NodeId& node, TimePoint now);
  void lost(const NodeId& node, TimePoint now);

 private:
  struct Address {
    PeerCandidate candidate;
    TimePoint last_seen;
    int failures = 0;
  };
  enum class Phase { waiting, dialling, connected };
  struct Node {
    Phase phase = Phase::waiting;
    TimePoint not_before{};
    TimePoint joined_at{};
    size_t dialled = 0;  // index into addresses, while dialling
    int losses = 0;      // in a row, of connections that did not last
    std::vector<Address> addresses;
  };

  Address* best_address(Node& node, TimePoint now);
  Duration retry_delay(int failures);

  Settings settings_;
  std::mt19937_64 random_;
  std::map<NodeId, Node> nodes_;
};

}  // namespace shoal
