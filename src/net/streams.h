// All streams of this node, those that it opens and those that others open, each kept until nothing of it is
// in use, and the loop that runs them. Must be called on the loop where nothing else is said.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/frame_stream.h"
#include "net/name_resolver.h"
#include "net/network_loop.h"

namespace shoal {

class Streams final : public FrameStreamOwner {
 public:
  struct Settings {
    int64_t first_frame_limit;  // bytes, while the other side is not known
    Duration connect_deadline;
  };

  explicit Streams(Settings settings);
  ~Streams() override;

  NetworkLoop& loop() { return *loop_; }

  // Starts the loop. `on_stream` gets every stream that another node opens until begin_stop(). Any thread.
  void start(std::function<void(const std::shared_ptr<FrameStream>&)> on_stream);

  // Owns a connected socket, and serves the node at its other end; closes it when too many come at once. Any
  // thread, between start() and finish().
  void take_socket(int socket);

  // A stream without a connection.
  std::shared_ptr<FrameStream> create();
  // Connects the stream to a numeric address or a host name, and starts it; a failure ends it with the
  // reason.
  void dial(const std::shared_ptr<FrameStream>& stream, const std::string& address, int32_t port);

  // Streams that others open from now on are closed; all others go on.
  void begin_stop();
  // Ends every stream at once; to be called after begin_stop().
  void cancel_all(const Error& reason);
  // Waits until every stream is over, then ends the loop. Must be called on another thread, after
  // begin_stop() has been posted.
  void finish();

  void on_refused(FrameStream& stream) override;
  void on_over(FrameStream& stream) override;

 private:
  void take_stream(int socket);
  void connect(FrameStream& stream, const Result<std::vector<std::string>>& addresses, int32_t port);
  void check_drained();

  const Settings settings_;
  std::function<void(const std::shared_ptr<FrameStream>&)> on_stream_;
  std::shared_ptr<NetworkLoop> loop_;
  std::map<FrameStream*, std::shared_ptr<FrameStream>> streams_;  // those that are not over
  std::deque<std::weak_ptr<FrameStream>> refused_;                // in the order of their refusal
  std::atomic<int64_t> arriving_ = 0;                             // sockets on their way to the loop
  bool stopping_ = false;
  std::promise<void> drained_;  // set when every stream is over and none will come
  bool is_drained_ = false;
  NameResolver resolver_;  // the last member, so that it ends first: it posts to the loop
};

}  // namespace shoal
