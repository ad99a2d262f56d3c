// Control streams and links between simulated nodes, in place of module net. They delay messages, keep the
// order within a stream but not between streams, and can be cut, broken and joined again.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/simulated_world_for_test.h"
#include "service/peer_calls.h"

namespace shoal {

class SimulatedNetwork {
 public:
  struct Delays {
    Duration least = std::chrono::microseconds(100);
    Duration most = std::chrono::milliseconds(5);
    Duration reconnect = std::chrono::milliseconds(300);
  };
  SimulatedNetwork(SimulatedWorld& world, Delays delays) : world_(world), delays_(delays) {}

  // make_calls() prepares a node; start() lets it meet every other one. The PeerCalls and `events` must
  // outlive the world's events.
  std::unique_ptr<PeerCalls> make_calls(const NodeId& node);
  void start(const NodeId& node, PeerEvents& events);

  // closes_sockets is like kill -9; is_silent is like a power cut, after which others hear nothing.
  enum class Death { closes_sockets, is_silent };
  void kill(const NodeId& node, Death death);

  // Nothing passes between the two until heal(); messages on their way wait.
  void cut(const NodeId& a, const NodeId& b);
  void heal();

 private:
  class Calls;
  class Link;
  using Pair = std::pair<NodeId, NodeId>;  // ordered

  struct Stream {
    NodeId from, to;
    uint64_t connection;
    std::deque<Task> waiting;
    bool moving = false;  // its next delivery is scheduled
  };
  struct Connection {
    uint64_t number = 0;
    std::set<NodeId> open_sides;
    std::map<NodeId, std::shared_ptr<Stream>> control;  // by sender
  };

  static Pair pair_of(const NodeId& a, const NodeId& b) { return a < b ? Pair(a, b) : Pair(b, a); }
  bool passes(const NodeId& a, const NodeId& b) const { return !cuts_.contains(pair_of(a, b)); }
  Duration delay();
  void connect(const NodeId& a, const NodeId& b);
  void meet(const NodeId& a, const NodeId& b);
  void close_side(const NodeId& side, const NodeId& other, uint64_t number);
  void tell_lost(const NodeId& side, const NodeId& other, uint64_t number, const Error& reason);
  bool is_open(const NodeId& side, const NodeId& other, uint64_t number) const;
  void enqueue(const std::shared_ptr<Stream>& stream, Task deliver);
  void move(const std::shared_ptr<Stream>& stream);
  bool send(const NodeId& from, const NodeId& to, PeerMessage message);
  std::shared_ptr<PeerLink> open_link(const NodeId& from, const NodeId& to);

  SimulatedWorld& world_;
  Delays delays_;
  std::map<NodeId, PeerEvents*> nodes_;  // the living ones
  std::set<Pair> cuts_;
  std::map<Pair, Connection> connections_;
  std::vector<std::shared_ptr<Stream>> stalled_;
  std::vector<Task> on_heal_;
  uint64_t last_number_ = 0;
};

}  // namespace shoal
