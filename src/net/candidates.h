// Whom to dial, where, and when: candidates as discovery sees them, one entry for each node id, with retries
// that slow down and a budget that a flood of announcements cannot exceed. Pure; the caller owns time.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cluster/discovery.h"
#include "cluster/missing_peer.h"
#include "net/rate_limit.h"

namespace shoal {

class Candidates {
 public:
  struct Settings {
    Duration lifetime = std::chrono::seconds(30);  // an address not seen for so long is forgotten
    Duration first_retry = std::chrono::milliseconds(200);
    Duration longest_retry = std::chrono::seconds(10);
    Duration stable_after = std::chrono::seconds(5);  // a connection that lived so long resets the retries
    Duration patience = std::chrono::seconds(3);  // a node whose dials fail for so long counts as unreachable
    int64_t node_limit = 1000;  // known nodes; those that join by themselves always have room
    // Strangers are nodes that neither were connected once nor are named in discovery.json.
    int64_t stranger_limit = 256;
    int64_t strangers_per_address = 32;
    int64_t address_limit = 16;  // addresses of one node
    // Limits of the dials under way at once: of all, of those to strangers, of those to one address.
    int64_t dial_limit = 12;
    int64_t stranger_dial_limit = 8;
    int64_t dials_per_address = 4;
    int64_t dials_per_second = 32;
    int64_t address_dials_per_second = 8;
    int64_t dial_burst = 16;
  };

  Candidates(Settings settings, uint64_t seed);

  // True when a new address has come, so that take_due() may have something now.
  bool see(const PeerCandidate& candidate, TimePoint now);

  // The best address of each node that is neither connected nor being dialled, if it is time and the budget
  // allows it: known nodes first, then those that have failed least and were seen more than once. What is
  // returned counts as being dialled until failed() or joined().
  std::vector<PeerCandidate> take_due(TimePoint now);
  // When take_due() may next return something; nullopt when only see() or the end of a dial can change that.
  std::optional<TimePoint> next_due() const;

  void failed(const NodeId& node, const Error& reason, TimePoint now);
  // The node was not dialled after all, because another connection to it is on its way.
  void postponed(const NodeId& node, TimePoint now);
  // Either side may have dialled, and the node need not have been seen.
  void joined(const NodeId& node, TimePoint now);
  void lost(const NodeId& node, TimePoint now);

  // Nodes that are seen and not connected, the known ones first; at most `missing_limit`.
  std::vector<MissingPeer> missing(TimePoint now) const;
  static constexpr size_t missing_limit = 32;
  // Missing nodes that have become unreachable since the last call, each only once until it is connected.
  std::vector<MissingPeer> take_newly_unreachable(TimePoint now);

  // How many announcements there was no room for since the last time, and where the last of them came from;
  // at most once a minute.
  struct Flood {
    int64_t count;
    std::string address;
  };
  std::optional<Flood> take_flood(TimePoint now);

 private:
  struct Address {
    PeerCandidate candidate;
    TimePoint first_seen;
    TimePoint last_seen;
    int failures = 0;
  };
  struct Trouble {
    TimePoint since;
    Error reason;
    PeerCandidate dialled;
    bool is_told = false;
  };
  enum class Phase { waiting, dialling, connected };
  struct Node {
    Phase phase = Phase::waiting;
    bool is_known = false;      // it is no stranger
    std::string stranger_at{};  // the address under which a stranger is counted
    TimePoint not_before{};
    TimePoint joined_at{};
    PeerCandidate dialled{};  // while dialling
    int losses = 0;           // connections in a row that did not last
    std::vector<Address> addresses{};
    std::optional<Trouble> trouble{};  // failed dials since it was last connected
  };
  using Nodes = std::map<NodeId, Node>;

  Node* find_or_add(const PeerCandidate& candidate, TimePoint now);
  bool has_room_for_stranger(const std::string& address, TimePoint now);
  Nodes::iterator find_weakest_stranger(const std::string* address);
  void make_known(Node& node);
  Nodes::iterator forget(Nodes::iterator node);
  void forget_unseen(TimePoint now);

  static Address* best_address(Node& node);
  static const Address* best_address(const Node& node) { return best_address(const_cast<Node&>(node)); }
  RateLimit& rate_at(const std::string& address);
  bool may_dial(const Node& node, const std::string& address) const;
  void begin_dial(Node& node, const PeerCandidate& candidate);
  void end_dial(Node& node);
  Duration retry_delay(int failures);
  MissingPeer describe(const NodeId& id, const Node& node, TimePoint now) const;
  bool is_unreachable(const Node& node, TimePoint now) const;

  Settings settings_;
  std::mt19937_64 random_;
  Nodes nodes_;
  std::map<std::string, int64_t> strangers_at_, dials_at_;  // by address
  int64_t stranger_count_ = 0, dial_count_ = 0, stranger_dial_count_ = 0;
  RateLimit rate_, eviction_rate_;
  std::map<std::string, RateLimit> rates_at_;
  int64_t passed_over_ = 0;
  std::string passed_over_from_;
  std::optional<TimePoint> flood_taken_;
};

}  // namespace shoal
