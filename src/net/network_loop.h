// The thread that owns all connections of a node. It runs events of their sockets, timers and posted tasks
// one after another.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace boost::asio {
class io_context;
}

namespace shoal {

class NetworkLoop {
 public:
  NetworkLoop();
  ~NetworkLoop();

  // For the sockets of streams.
  boost::asio::io_context& context();

  void start();

  // Any thread. After close() tasks never run.
  void post(std::function<void()> task);

  // On the loop, or before start(). Timers that are pending at close() never run.
  void post_after(Duration delay, std::function<void()> task);

  // Ends the thread. Idempotent. Must not be called on the loop.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal
