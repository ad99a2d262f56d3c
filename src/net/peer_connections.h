// Dials, answers and shakes hands, so that each pair of nodes has exactly one connection. Everything but the
// constructor runs on the network's loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/log_filter.h"
#include "net/connection.h"
#include "net/connection_table.h"
#include "net/dial_schedule.h"
#include "net/peer_handles.h"
#include "net/peer_network.h"
#include "net/strangers.h"
#include "net/streams.h"

namespace shoal {

class PeerConnections final : public ConnectionEvents {
 public:
  // `port` is where others reach this node. A node that joins gets a handle in `handles` before `events`
  // hears of it; the missing nodes are written there every second. All that is given must outlive the
  // network's loop.
  PeerConnections(const PeerNetworkSettings& settings, int32_t port, PeerEvents& events, Streams& streams,
                  PeerHandles& handles);

  // Begins to report the nodes that are missing.
  void start() { watch_missing(); }

  void see(const PeerCandidate& candidate) { schedule_.see(candidate); }
  // A stream that another node has opened.
  void accept(const std::shared_ptr<FrameStream>& stream) { strangers_.greet(stream); }
  // Opens the connection's ring stream, or asks the other side to, which dialled.
  void want_ring(const std::shared_ptr<Connection>& connection);
  // Lets joined connections send what waits, and ends all that is left after the linger. No event comes any
  // more.
  void begin_stop();

  void on_hello(const std::shared_ptr<Connection>& connection, Hello hello) override;
  void on_ready(const std::shared_ptr<Connection>& connection) override { join(connection); }
  void on_open_ring(const std::shared_ptr<Connection>& connection) override { open_ring(connection); }
  void on_message(const std::shared_ptr<Connection>& connection, PeerMessage message) override;
  void on_ring_message(const std::shared_ptr<Connection>& connection, RingMessage message) override;
  void on_ended(const std::shared_ptr<Connection>& connection, Error reason) override;

 private:
  NodeReport own_report();
  void tell(const std::string& text);

  void watch_missing();
  Result<void> dial(const PeerCandidate& candidate);
  Connection::Settings connection_settings() const;
  void introduce(const std::shared_ptr<FrameStream>& stream, Frame frame);
  void introduce_control(const std::shared_ptr<FrameStream>& stream, const Frame& frame);
  void introduce_ring(const std::shared_ptr<FrameStream>& stream, Frame frame);
  std::optional<Error> why_full(const std::string& address) const;
  std::shared_ptr<Connection> find_ring_owner(const RingHello& hello) const;

  void hello_of_dialled(const std::shared_ptr<Connection>& connection, Hello hello);
  void hello_of_accepted(const std::shared_ptr<Connection>& connection, Hello hello);
  bool make_way(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void refuse_parked(const std::shared_ptr<Connection>& connection);
  void resume_parked(const NodeId& node);
  void greet(const std::shared_ptr<Connection>& connection, const Hello& hello);
  void join(const std::shared_ptr<Connection>& connection);
  void open_ring(const std::shared_ptr<Connection>& connection);

  const PeerNetworkSettings& settings_;
  const int32_t port_;
  PeerEvents& events_;
  const NodeReport identity_;  // id, incarnation and version never change
  Streams& streams_;
  PeerHandles& handles_;
  DialSchedule schedule_;
  Strangers strangers_;
  ConnectionTable connections_;
  LogFilter told_;
  bool stopping_ = false;
};

}  // namespace shoal
