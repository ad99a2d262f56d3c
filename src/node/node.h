// The composition root: makes all of one node from its settings, and starts and stops it in order.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "node/node_settings.h"

namespace shoal {

class ApiBackend;

class Node {
 public:
  // Measures the device, takes the ports, looks for peers and begins to answer. Errors name the port that is
  // in use, the file that is wrong, or the setting that makes no sense.
  static Result<std::unique_ptr<Node>> start(NodeSettings settings);
  ~Node();

  const NodeId& id() const;
  int32_t peer_port() const;
  int32_t api_port() const;

  // The addresses at which other devices find the API, as they stand in a URL; empty when only this machine
  // can.
  std::vector<std::string> addresses_for_others() const;

  // One line for people: who can reach this node, and how to narrow that.
  std::string reach() const;

  // The interface that the HTTP side uses, for commands of this process.
  ApiBackend& backend();

  // Waits until `count` peers are connected. deadline_exceeded, or cancelled when asked to stop.
  Result<void> wait_for_peers(int64_t count, Duration deadline, std::stop_token stop);

  // Waits until POST /quit, or until asked to stop.
  void wait_for_quit(std::stop_token stop);

  // Takes no more requests. Returns when all answers that this node has a part in have ended, at the latest
  // after `patience`.
  void finish_answers(Duration patience);

  // Says goodbye to peers, ends every stream with an error and joins every thread. Idempotent.
  void stop();

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
