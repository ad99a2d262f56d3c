#include "net/streams.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <string_view>
#include <utility>

#include "base/log.h"
#include "net/address.h"

namespace shoal {
namespace {

void quieten_grpc() {
  static const bool once = [] {
    gpr_set_log_function([](gpr_log_func_args* line) {
      if (std::string_view(line->message).starts_with("assertion failed"))
        log_error("grpc: {}", line->message);
      log_debug(5, "grpc: {}", line->message);
    });
    return true;
  }();
  (void)once;
}

// The same at both ends. Windows and frames are large, because prefill sends megabytes; pings find dead
// links.
template <class SetInt>
void set_channel_options(int64_t message_bytes_limit, SetInt set_int) {
  constexpr int window_bytes = 16 << 20;
  constexpr int frame_bytes = 4 << 20;
  constexpr int ping_interval_ms = 5000;
  constexpr int ping_timeout_ms = 3000;
  set_int(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(message_bytes_limit));
  set_int(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, window_bytes);
  set_int(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, frame_bytes);
  set_int(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, frame_bytes);
  set_int(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  set_int(GRPC_ARG_KEEPALIVE_TIME_MS, ping_interval_ms);
  set_int(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ping_timeout_ms);
  set_int(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set_int(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set_int(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  set_int(GRPC_ARG_MAX_CONCURRENT_STREAMS, 4);
}

}  // namespace

Result<std::unique_ptr<Streams>> Streams::create(Settings settings) {
  quieten_grpc();
  std::unique_ptr<Streams> streams(new Streams(settings));
  grpc::ServerBuilder builder;
  set_channel_options(settings.message_bytes_limit,
                      [&](const char* name, int value) { builder.AddChannelArgument(name, value); });
  // Connections on which nothing is said are given back.
  constexpr int handshake_ms = 5'000;
  constexpr int idle_ms = 10'000;
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_ms);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_ms);
  builder.RegisterAsyncGenericService(&streams->service_);
  streams->acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  streams->loop_ = std::make_unique<CompletionLoop>(builder.AddCompletionQueue());
  streams->server_ = builder.BuildAndStart();
  if (streams->server_ == nullptr) return fail(ErrorCode::internal, "gRPC could not start its server");
  return streams;
}

void Streams::start(std::function<void(const std::shared_ptr<ServerCall>&)> on_stream) {
  on_stream_ = std::move(on_stream);
  wait_for_stream();
  loop_->start();
}

void Streams::take_socket(int socket) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = socket;
  acceptor_->HandleNewConnection(&connection);
}

void Streams::wait_for_stream() {
  waiting_call_ = std::make_shared<ServerCall>(
      *loop_, service_, [this](const std::shared_ptr<ServerCall>& call) { take_stream(call); },
      [this](Call* call) { retire(call); });
  waiting_call_->wait_for_stream();
}

void Streams::take_stream(const std::shared_ptr<ServerCall>& call) {
  calls_.emplace(call.get(), call);
  waiting_call_.reset();
  if (stopping_) {
    call->refuse({ErrorCode::unavailable, "this node is leaving"});
    return;
  }
  wait_for_stream();
  on_stream_(call);
}

std::shared_ptr<ClientCall> Streams::open(const std::string& address, int32_t port, const char* method) {
  grpc::ChannelArguments arguments;
  set_channel_options(settings_.message_bytes_limit,
                      [&](const char* name, int value) { arguments.SetInt(name, value); });
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  const auto deadline_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.connect_deadline).count();
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(deadline_ms));  // the deadline of an attempt
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  auto channel =
      grpc::CreateCustomChannel(grpc_target(address, port), grpc::InsecureChannelCredentials(), arguments);
  auto call =
      std::make_shared<ClientCall>(*loop_, std::move(channel), method, [this](Call* done) { retire(done); });
  calls_.emplace(call.get(), call);
  return call;
}

void Streams::retire(Call* call) {
  // Its own code is still running; it goes when that has returned.
  auto node = calls_.extract(call);
  std::shared_ptr<Call> done =
      node.empty() ? std::shared_ptr<Call>(std::move(waiting_call_)) : std::move(node.mapped());
  ++retiring_;
  loop_->post_after(Duration::zero(),
                    [this, done = std::move(done)]() mutable { delete_settled(std::move(done)); });
}

// gRPC loses the socket of a channel that is deleted while it connects (seen with 1.51), so such a one waits
// until it has connected or failed, both of which have a deadline.
void Streams::delete_settled(std::shared_ptr<Call> call) {
  if (call->is_connecting() && !all_cancelled_) {
    loop_->post_after(std::chrono::milliseconds(10),
                      [this, call = std::move(call)]() mutable { delete_settled(std::move(call)); });
    return;
  }
  call.reset();
  --retiring_;
  check_drained();
}

void Streams::begin_stop() {
  stopping_ = true;
  check_drained();
}

void Streams::cancel_all(const Error& reason) {
  all_cancelled_ = true;
  for (const auto& [key, call] : std::map(calls_)) call->cancel(reason);
}

void Streams::check_drained() {
  if (!stopping_ || !calls_.empty() || retiring_ > 0) return;
  if (!std::exchange(is_drained_, true)) drained_.set_value();
  if (is_server_down_ && waiting_call_ == nullptr && !std::exchange(is_emptied_, true)) emptied_.set_value();
}

void Streams::finish() {
  drained_.get_future().wait();
  server_->Shutdown(std::chrono::system_clock::now());
  // A stream from outside may have come in until now.
  loop_->post([this] {
    is_server_down_ = true;
    check_drained();
  });
  emptied_.get_future().wait();
  loop_->close();
  server_.reset();
  acceptor_.reset();
}

}  // namespace shoal
