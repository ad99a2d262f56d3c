// All gRPC streams of this node, those that it opens and those that others open, each kept until gRPC knows
// it no longer; with them the server and the loop. On the loop, where nothing else is said.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/call.h"
#include "net/completion_loop.h"

namespace shoal {

class Streams {
 public:
  struct Settings {
    int64_t message_bytes_limit;
    Duration connect_deadline;
  };

  // Nothing runs yet. Any thread, as start().
  static Result<std::unique_ptr<Streams>> create(Settings settings);

  CompletionLoop& loop() { return *loop_; }

  // `on_stream` gets every stream that another node opens, until begin_stop().
  void start(std::function<void(const std::shared_ptr<ServerCall>&)> on_stream);

  // Serves the client at this socket, and owns it. Any thread, between start() and finish().
  void take_socket(int socket);

  // A stream to another node, over a connection of its own; it is not started.
  std::shared_ptr<ClientCall> open(const std::string& address, int32_t port, const char* method);

  // New streams are refused; those there are go on.
  void begin_stop();
  // After begin_stop(): nothing is waited for any more.
  void cancel_all(const Error& reason);
  // After begin_stop() has been posted: waits until every stream is over, then ends the server and the loop.
  // Not on the loop.
  void finish();

 private:
  explicit Streams(Settings settings) : settings_(settings) {}
  void wait_for_stream();
  void take_stream(const std::shared_ptr<ServerCall>& call);
  void retire(Call* call);
  void delete_settled(std::shared_ptr<Call> call);
  void check_drained();

  const Settings settings_;
  std::function<void(const std::shared_ptr<ServerCall>&)> on_stream_;
  std::unique_ptr<CompletionLoop> loop_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;

  std::map<Call*, std::shared_ptr<Call>> calls_;  // every stream that gRPC still knows
  int64_t retiring_ = 0;                          // streams that are over, and about to be deleted
  std::shared_ptr<ServerCall> waiting_call_;      // for the next stream from outside
  bool stopping_ = false;
  bool all_cancelled_ = false;
  bool is_server_down_ = false;
  std::promise<void> drained_;  // every stream is over
  bool is_drained_ = false;
  std::promise<void> emptied_;  // and none will come
  bool is_emptied_ = false;
};

}  // namespace shoal
