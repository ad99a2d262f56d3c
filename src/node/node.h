// The composition root: everything of one node, made from its settings, started and stopped in order.
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
  // Measures the device, takes the ports, looks for peers and answers. Errors name the port that is in use,
  // the file that is wrong, the setting that makes no sense.
  static Result<std::unique_ptr<Node>> start(NodeSettings settings);
  ~Node();

  const NodeId& id() const;
  int32_t peer_port() const;
  int32_t api_port() const;

  // Where other devices find the API, each as it stands in a URL; none where only this machine can.
  std::vector<std::string> addresses_for_others() const;

  // One line: who can reach this node, and how that is narrowed.
  std::string reach() const;

  // What the HTTP side uses, for commands of this process.
  ApiBackend& backend();

  // Until so many peers are connected. deadline_exceeded, or cancelled when asked to stop.
  Result<void> wait_for_peers(int64_t count, Duration deadline, std::stop_token stop);

  // Until POST /quit, or until asked to stop.
  void wait_for_quit(std::stop_token stop);

  // Takes no more requests; returns when those that this node has a part in have their answers, or after
  // `patience`.
  void finish_answers(Duration patience);

  // Says goodbye, ends every stream with an error, joins every thread. Idempotent.
  void stop();

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
