// This node's side of one pair of nodes: a control stream, perhaps a ring stream, and how far the handshake
// is. Everything runs on the network's loop, except that any thread may fill the outboxes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "net/frame_stream.h"
#include "net/outbox.h"
#include "net/wire.h"

namespace shoal {

class Connection;

class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  virtual void on_hello(const std::shared_ptr<Connection>& connection, Hello hello) = 0;
  virtual void on_ready(const std::shared_ptr<Connection>& connection) = 0;
  virtual void on_open_ring(const std::shared_ptr<Connection>& connection) = 0;
  virtual void on_message(const std::shared_ptr<Connection>& connection, PeerMessage message) = 0;
  virtual void on_ring_message(const std::shared_ptr<Connection>& connection, RingMessage message) = 0;
  // Called exactly once, in whichever way the connection ends.
  virtual void on_ended(const std::shared_ptr<Connection>& connection, Error reason) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // In brackets stands the frame that moves the connection on. Dialled: opening → (hello) → joined. Accepted:
  // opening → (hello) → perhaps parked → greeted → (ready) → joined.
  enum class Phase : uint8_t { opening, parked, greeted, joined, ended };

  struct Settings {
    Outbox::Limits control;
    Outbox::Limits ring;
    int64_t frame_bytes_limit;  // for a frame from a node that has joined
    std::string version;
    bool is_dialled;
    std::string address;  // of the other side
    int32_t port = 0;     // the one that was dialled
    NodeId expected;      // the node that was dialled
  };

  Connection(ConnectionEvents& events, Settings settings);

  const Settings& settings() const { return settings_; }
  // "node-1 at 10.0.0.1"
  std::string name() const;

  void set_control(std::shared_ptr<FrameStream> stream);
  void set_ring(std::shared_ptr<FrameStream> stream);
  bool has_ring() const { return ring_stream_ != nullptr; }

  // Takes a frame of the control stream; from outside, the one that was read before set_control().
  void receive_control(const Frame& frame);
  // The handshake is done: from now on messages and large frames are let in.
  void join();

  // False when the control outbox is closed or full.
  bool send(const ControlFrame& frame);
  // Ends both streams at once; on_ended() is called before this returns.
  void end(Error reason);
  // As end(), for an accepted connection that has not joined; the other side gets the error.
  void refuse(const Error& error);
  // Sends the control messages that wait, and ends when the other side has closed.
  void close();

  const std::shared_ptr<Outbox>& control() const { return control_; }
  const std::shared_ptr<Outbox>& ring() const { return ring_; }

  Phase phase = Phase::opening;
  NodeReport report;      // of the other side, from its hello on
  uint64_t ring_key = 0;  // a ring stream must show this key
  Hello parked_hello;     // while parked

 private:
  using Receive = void (Connection::*)(Frame);
  struct Handler final : FrameHandler {
    Handler(Connection& owner, Receive receive) : connection(owner), receive_frame(receive) {}
    void on_frame(Frame frame) override { (connection.*receive_frame)(std::move(frame)); }
    void on_ended(Error reason) override { connection.stream_ended(std::move(reason)); }
    Connection& connection;
    const Receive receive_frame;
  };

  void control_frame(Frame frame) { receive_control(frame); }
  void ring_frame(Frame frame);
  void stream_ended(Error reason);
  void take_refusal(const Frame& frame);
  void dispatch(ControlFrame frame);

  ConnectionEvents& events_;
  const Settings settings_;
  Handler control_handler_, ring_handler_;
  std::shared_ptr<Outbox> control_, ring_;
  std::shared_ptr<FrameStream> control_stream_, ring_stream_;
};

}  // namespace shoal
