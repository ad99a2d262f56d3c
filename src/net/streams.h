// All connections of this node, those that it opens and those that others open, each kept until nothing of it
// is in use; with them the loop. On the loop, where nothing else is said.
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

  // `on_stream` gets every stream that another node opens, until begin_stop(); it starts it. Any thread.
  void start(std::function<void(const std::shared_ptr<FrameStream>&)> on_stream);

  // Serves who has connected to this socket, and owns it. Any thread, between start() and finish().
  void take_socket(int socket);

  // For another node; nothing is done yet.
  std::shared_ptr<FrameStream> create();
  // Connects it, and starts it.
  void dial(const std::shared_ptr<FrameStream>& stream, const std::string& address, int32_t port);

  // New streams are closed; those there are go on.
  void begin_stop();
  // After begin_stop(): nothing is waited for any more.
  void cancel_all(const Error& reason);
  // After begin_stop() has been posted: waits until every stream is over, then ends the loop. Not on the
  // loop.
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
  std::map<FrameStream*, std::shared_ptr<FrameStream>> streams_;  // that are not over
  std::deque<std::weak_ptr<FrameStream>> refused_;                // in the order of their refusal
  std::atomic<int64_t> arriving_ = 0;                             // sockets on their way to the loop
  bool stopping_ = false;
  std::promise<void> drained_;  // every stream is over, and none will come
  bool is_drained_ = false;
  NameResolver resolver_;  // ends first: what it finds is posted to the loop
};

}  // namespace shoal
