#include "api/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <thread>
#include <unordered_map>

#include "api/access.h"
#include "api/api_error.h"
#include "api/http_path.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::any_io_executor;  // of a connection: a strand

constexpr size_t kReadSize = 4096;
constexpr size_t kPipelinedBytes = 16 << 10;  // read ahead while an answer is under way
constexpr size_t kDiscardedBytes = 16 << 20;  // of a body that was refused, so that its sender can read why
constexpr Duration kDiscardDeadline = std::chrono::seconds(2);
constexpr int64_t kRefusedConnections = 32;  // over the limit, kept for the time of a 503

class Connection;

// What connections share. Kept alive by the answers that service still holds, so that a late post() is
// harmless.
struct Core {
  Core(const HttpLimits& its_limits, HttpHandler& its_handler) : limits(its_limits), handler(its_handler) {}

  const HttpLimits limits;
  HttpHandler& handler;
  asio::io_context context;

  Mutex mutex;
  bool is_closed GUARDED_BY(mutex) = false;  // no posts from outside any more
  bool is_stopping GUARDED_BY(mutex) = false;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections GUARDED_BY(mutex);
};

class Exchange final : public ResponseWriter, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Core> core, Executor strand, std::weak_ptr<Connection> connection)
      : core_(std::move(core)), strand_(std::move(strand)), connection_(std::move(connection)) {}

  bool post(Task task) override;
  void on_interrupted(std::function<void(Interruption)> callback) override {
    interrupted_ = std::move(callback);
  }
  void send(HttpResponse response) override;
  void begin_stream(HttpResponse head, std::string heartbeat) override;
  void write(std::string_view text) override;
  void end_stream() override;
  void note_progress() override;

  // On the strand, by the connection.
  void interrupt(Interruption reason) {
    if (auto callback = std::exchange(interrupted_, nullptr)) callback(reason);
  }
  void detach() { interrupted_ = nullptr; }

 private:
  std::shared_ptr<Connection> attached();

  const std::shared_ptr<Core> core_;
  const Executor strand_;
  const std::weak_ptr<Connection> connection_;
  std::atomic<int64_t> waiting_tasks_ = 0;
  std::function<void(Interruption)> interrupted_;
};

std::string_view reason_phrase(int32_t status) {
  if (status == 499) return "Cancelled";
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return {reason.data(), reason.size()};
}

HttpResponse plain_error(int32_t status, std::string message) {
  return error_response({.status = status, .message = std::move(message), .param = {}, .code = {}});
}

// One client. Everything runs on its strand, so nothing here is locked.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, tcp::socket socket)
      : core_(*core),
        shared_core_(std::move(core)),
        strand_(socket.get_executor()),
        stream_(std::move(socket)),
        timer_(strand_) {}

  ~Connection() {
    const MutexLock lock(core_.mutex);
    core_.connections.erase(this);
  }

  void start() {
    asio::post(strand_, [self = shared_from_this()] {
      error_code ignored;
      self->stream_.socket().set_option(tcp::no_delay(true), ignored);
      self->read_head();
    });
  }

  // For a client that came when all connections were taken.
  void refuse() {
    asio::post(strand_, [self = shared_from_this()] {
      self->reply_unread(plain_error(503, "this node has as many connections as it takes; try again"));
    });
  }

  // The server stops: an idle connection closes now, an answer under way is told.
  void begin_stop() {
    asio::post(strand_, [self = shared_from_this()] {
      self->keep_alive_ = false;
      if (!self->exchange_) return self->close();
      self->interrupt(Interruption::server_stopping);
    });
  }

  // The following for Exchange, on the strand.
  bool serves(const Exchange* exchange) const { return exchange_.get() == exchange; }

  void send(HttpResponse response) {
    if (phase_ != Phase::handling) return;
    phase_ = Phase::finishing;
    if (exchange_) exchange_->detach();
    core_.handler.on_response(request_, response.status);
    outbox_ += format_head(response, fmt::format("Content-Length: {}\r\n", response.body.size()));
    if (request_.method != "HEAD") outbox_ += response.body;
    flush();
  }

  void begin_stream(HttpResponse head, std::string heartbeat) {
    if (phase_ != Phase::handling) return;
    phase_ = Phase::streaming;
    heartbeat_ = std::move(heartbeat);
    is_chunked_ = is_http_1_1_;
    if (!is_chunked_) keep_alive_ = false;  // the end of the connection is the end of the body
    core_.handler.on_response(request_, head.status);
    outbox_ += format_head(head, is_chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
    last_write_ = Steady::now();
    arm_timer();
    flush();
  }

  void write(std::string_view text) {
    if (phase_ != Phase::streaming || text.empty()) return;
    append_chunk(text);
    if (static_cast<int64_t>(outbox_.size() + sending_.size() - sent_) > core_.limits.send_queue_bytes) {
      log_notice("api: a client that does not read its stream is cut off");
      return lose_client();
    }
    flush();
  }

  void end_stream() {
    if (phase_ != Phase::streaming) return;
    phase_ = Phase::finishing;
    exchange_->detach();
    if (is_chunked_) outbox_ += "0\r\n\r\n";
    flush();
  }

  void note_progress() { last_progress_ = Steady::now(); }

  // Too much is waiting for this connection.
  void lose_client() {
    interrupt(Interruption::client_gone);
    close();
  }

 private:
  using Steady = std::chrono::steady_clock;

  enum class Phase : uint8_t {
    reading,    // waits for a request, or is amidst one
    handling,   // the handler has it, nothing is written yet
    streaming,  // a stream is under way
    finishing,  // what remains is being written
    closed,
  };

  // --- reading ---------------------------------------------------------------------------------------------

  void read_head() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::reading;
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(core_.limits.header_bytes));
    parser_->body_limit(static_cast<uint64_t>(core_.limits.body_bytes));
    request_ = {};
    common_headers_.clear();
    stream_.expires_after(core_.limits.header_deadline);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, size_t) {
                              if (error) return self->fail_read(error);
                              self->take_head();
                            });
  }

  void take_head() {
    const auto& message = parser_->get();
    is_http_1_1_ = message.version() >= 11;
    keep_alive_ = message.keep_alive() && !is_server_stopping();
    request_.method = std::string(message.method_string());
    const auto path = decode_path({message.target().data(), message.target().size()});
    if (message.count(http::field::host) > 1 || message.count(http::field::origin) > 1 || !path) {
      return reply_unread(plain_error(400, "the request's target, Host or Origin is malformed"));
    }
    request_.path = *path;
    request_.host = find_header(http::field::host);
    request_.origin = find_header(http::field::origin);
    error_code error;
    const auto peer = stream_.socket().remote_endpoint(error);
    if (error) return close();
    request_.from_loopback = is_loopback_address(peer.address().to_string());

    HeadDecision decision = core_.handler.check_head(request_);
    common_headers_ = std::move(decision.headers);
    if (decision.refusal) {
      refusal_ = std::move(decision.refusal);
      if (!parser_->is_done()) return reply_unread(std::move(*refusal_));
    }
    if (parser_->is_done()) return take_body();
    if (beast::iequals(message[http::field::expect], "100-continue")) return send_continue();
    read_body();
  }

  void send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.expires_after(core_.limits.write_deadline);
    asio::async_write(stream_, asio::buffer(kContinue),
                      [self = shared_from_this()](error_code error, size_t) {
                        if (error) return self->close();
                        self->read_body();
                      });
  }

  void read_body() {
    stream_.expires_after(core_.limits.body_deadline);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
      if (error) return self->fail_read(error);
      self->take_body();
    });
  }

  void take_body() {
    request_.body = std::move(parser_->get().body());
    phase_ = Phase::handling;
    note_progress();
    exchange_ = std::make_shared<Exchange>(shared_core_.lock(), strand_, weak_from_this());
    watch_client();
    arm_timer();
    if (refusal_) {
      send(std::move(*std::exchange(refusal_, std::nullopt)));
    } else {
      HttpRequest request = request_;
      request_.body.clear();
      core_.handler.handle(std::move(request), exchange_);
    }
  }

  void fail_read(error_code error) {
    if (phase_ == Phase::closed) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return reply_unread(
          plain_error(431, fmt::format("the headers are longer than {} bytes", core_.limits.header_bytes)));
    }
    if (error == http::error::body_limit) {
      return reply_unread(
          plain_error(413, fmt::format("the body is longer than {} bytes", core_.limits.body_bytes)));
    }
    const bool is_malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                              error != http::error::end_of_stream && error != http::error::partial_message;
    if (!is_malformed) return close();
    reply_unread(plain_error(400, fmt::format("this is not HTTP: {}", error.message())));
  }

  // While an answer is under way, reads to learn of the client's end; requests sent ahead are kept.
  void watch_client() {
    if (buffer_.size() >= kPipelinedBytes) return;
    is_watching_ = true;
    stream_.expires_never();
    stream_.async_read_some(
        buffer_.prepare(kReadSize),
        [self = shared_from_this()](error_code error, size_t count) { self->end_watch(error, count); });
  }

  void end_watch(error_code error, size_t count) {
    is_watching_ = false;
    buffer_.commit(count);
    if (phase_ == Phase::closed) return;
    // The system reports the client's end only once, so it must not be left to the next read.
    const bool is_cancelled = error == asio::error::operation_aborted;  // by finish_response()
    if (error && !is_cancelled) return exchange_ ? lose_client() : close();
    if (!exchange_) return next_request();
    watch_client();
  }

  // --- writing ---------------------------------------------------------------------------------------------

  std::string format_head(const HttpResponse& response, std::string_view framing) const {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    if (!response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
    for (const HttpHeaders* headers : {&response.headers, &common_headers_}) {
      for (const auto& [name, value] : *headers) head += fmt::format("{}: {}\r\n", name, value);
    }
    head += framing;
    return head + (keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  }

  void append_chunk(std::string_view text) {
    if (is_chunked_) outbox_ += fmt::format("{:x}\r\n", text.size());
    outbox_ += text;
    if (is_chunked_) outbox_ += "\r\n";
  }

  void flush() {
    if (is_sending_ || phase_ == Phase::closed) return;
    if (outbox_.empty()) {
      if (phase_ == Phase::finishing) finish_response();
      return;
    }
    sending_ = std::exchange(outbox_, {});
    sent_ = 0;
    last_write_ = Steady::now();
    send_some();
  }

  void send_some() {
    is_sending_ = true;
    stream_.expires_after(core_.limits.write_deadline);
    stream_.async_write_some(asio::buffer(sending_.data() + sent_, sending_.size() - sent_),
                             [self = shared_from_this()](error_code error, size_t count) {
                               self->is_sending_ = false;
                               if (self->phase_ == Phase::closed) return;
                               if (error) return self->lose_client();
                               self->sent_ += count;
                               if (self->sent_ < self->sending_.size()) return self->send_some();
                               self->sending_.clear();
                               self->sent_ = 0;
                               self->flush();
                             });
  }

  void finish_response() {
    timer_.cancel();
    if (exchange_) exchange_->detach();
    exchange_.reset();
    if (!keep_alive_) return is_unread_ ? discard_rest() : close_gently();
    if (is_watching_) {
      stream_.cancel();  // watch_client's read goes on to the next request
    } else {
      next_request();
    }
  }

  void next_request() {
    if (is_server_stopping()) return close();
    read_head();
  }

  // Answers a request that is not read to its end, then closes.
  void reply_unread(HttpResponse response) {
    phase_ = Phase::handling;
    keep_alive_ = false;
    is_unread_ = true;
    send(std::move(response));
  }

  // Closing with unread bytes makes the system send a reset, and the client may never see the response.
  void discard_rest() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    stream_.expires_after(kDiscardDeadline);
    discard_some(0);
  }
  void discard_some(size_t discarded) {
    stream_.async_read_some(buffer_.prepare(kReadSize),
                            [self = shared_from_this(), discarded](error_code error, size_t count) {
                              if (error || discarded + count > kDiscardedBytes) return self->close();
                              self->discard_some(discarded + count);
                            });
  }

  void close_gently() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    close();
  }

  void close() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    timer_.cancel();
    stream_.close();
    if (auto exchange = std::exchange(exchange_, nullptr)) exchange->detach();
  }

  // --- time ------------------------------------------------------------------------------------------------

  // One timer for what an answer waits for: the next heartbeat, the end of patience, the end of the grace.
  void arm_timer() {
    auto due =
        is_ending_ ? ending_since_ + core_.limits.stop_grace : last_progress_ + core_.limits.response_timeout;
    if (phase_ == Phase::streaming) due = std::min(due, last_write_ + core_.limits.heartbeat_interval);
    timer_.expires_at(std::chrono::time_point_cast<Steady::duration>(due));
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error || !self->exchange_) return;
      self->on_timer();
    });
  }

  void on_timer() {
    const auto now = Steady::now();
    if (is_ending_ && now >= ending_since_ + core_.limits.stop_grace) return close();
    if (!is_ending_ && now >= last_progress_ + core_.limits.response_timeout) {
      interrupt(Interruption::silent_too_long);
      if (!exchange_) return;
    }
    if (phase_ == Phase::streaming && now >= last_write_ + core_.limits.heartbeat_interval) {
      last_write_ = now;  // also when the client takes nothing: the write's own deadline ends that
      if (!is_sending_) append_chunk(heartbeat_);
      flush();
    }
    arm_timer();
  }

  // The handler has `stop_grace` to end the answer.
  void interrupt(Interruption reason) {
    if (!exchange_ || is_ending_) return;
    is_ending_ = true;
    keep_alive_ = false;
    ending_since_ = Steady::now();
    const auto exchange = exchange_;  // the callback may end it
    exchange->interrupt(reason);
    if (exchange_) arm_timer();
  }

  std::optional<std::string> find_header(http::field name) const {
    const auto& message = parser_->get();
    const auto field = message.find(name);
    if (field == message.end()) return std::nullopt;
    return std::string(field->value());
  }

  bool is_server_stopping() {
    const MutexLock lock(core_.mutex);
    return core_.is_stopping;
  }

  Core& core_;
  const std::weak_ptr<Core>
      shared_core_;  // the context holds this connection, so this must not hold the context
  const Executor strand_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{64 << 10};
  std::optional<http::request_parser<http::string_body>> parser_;

  Phase phase_ = Phase::reading;
  HttpRequest request_;  // its body goes to the handler
  std::optional<HttpResponse> refusal_;
  HttpHeaders common_headers_;
  std::shared_ptr<Exchange> exchange_;
  bool is_http_1_1_ = true;
  bool keep_alive_ = false;
  bool is_chunked_ = false;
  bool is_unread_ = false;
  bool is_watching_ = false;
  bool is_sending_ = false;
  bool is_ending_ = false;

  std::string outbox_;   // not yet given to the socket
  std::string sending_;  // being written
  size_t sent_ = 0;
  std::string heartbeat_;
  Steady::time_point last_progress_, last_write_, ending_since_;
};

bool Exchange::post(Task task) {
  const MutexLock lock(core_->mutex);
  if (core_->is_closed) return false;
  auto self = shared_from_this();
  const int64_t waiting = waiting_tasks_.fetch_add(1);
  if (waiting > core_->limits.waiting_tasks) return false;
  if (waiting == core_->limits.waiting_tasks) {
    task = [self] {
      if (const auto connection = self->attached()) connection->lose_client();
    };
  }
  asio::post(strand_, [self = std::move(self), task = std::move(task)] {
    self->waiting_tasks_.fetch_sub(1);
    task();
  });
  return waiting < core_->limits.waiting_tasks;
}

std::shared_ptr<Connection> Exchange::attached() {
  auto connection = connection_.lock();
  if (connection && !connection->serves(this)) connection.reset();
  return connection;
}

void Exchange::send(HttpResponse response) {
  if (const auto connection = attached()) connection->send(std::move(response));
}
void Exchange::begin_stream(HttpResponse head, std::string heartbeat) {
  if (const auto connection = attached()) connection->begin_stream(std::move(head), std::move(heartbeat));
}
void Exchange::write(std::string_view text) {
  if (const auto connection = attached()) connection->write(text);
}
void Exchange::end_stream() {
  if (const auto connection = attached()) connection->end_stream();
}
void Exchange::note_progress() {
  if (const auto connection = attached()) connection->note_progress();
}

}  // namespace

struct HttpServer::State {
  State(const HttpLimits& limits, HttpHandler& handler)
      : core(std::make_shared<Core>(limits, handler)),
        strand(asio::make_strand(core->context)),
        acceptor(strand),
        retry_timer(strand) {}

  std::shared_ptr<Core> core;
  Executor strand;  // of the acceptor
  tcp::acceptor acceptor;
  asio::steady_timer retry_timer;
  int32_t port = 0;
  std::vector<std::jthread> threads;

  Result<void> listen(const std::string& host, int32_t wanted_port);
  void accept();
  void take(tcp::socket socket);
  std::vector<std::shared_ptr<Connection>> all_connections();
};

Result<void> HttpServer::State::listen(const std::string& host, int32_t wanted_port) {
  const auto failed = [&](const char* what, const error_code& error) {
    const bool is_taken = error == asio::error::address_in_use;
    return fail(is_taken ? ErrorCode::unavailable : ErrorCode::invalid_argument,
                fmt::format("HTTP: cannot {} {}:{}: {}{}", what, host, wanted_port, error.message(),
                            is_taken ? "; another program listens there" : ""));
  };
  error_code error;
  if (wanted_port < 0 || wanted_port > 65535) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("HTTP: port {} is not between 0 and 65535", wanted_port));
  }
  tcp::resolver resolver(core->context);
  const auto found = resolver.resolve(host, std::to_string(wanted_port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return failed("resolve", error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (error) return failed("open a socket for", error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (error) return failed("listen on", error);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on", error);
  port = acceptor.local_endpoint(error).port();
  return {};
}

void HttpServer::State::accept() {
  // The sockets get strands of their own; the acceptor's serves only this loop.
  acceptor.async_accept(asio::make_strand(core->context), [this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (!error) {
      take(std::move(socket));
      return accept();
    }
    // Out of descriptors, most likely: those that are open will close.
    log_error("HTTP: cannot accept a connection: {}", error.message());
    retry_timer.expires_after(std::chrono::milliseconds(100));
    retry_timer.async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void HttpServer::State::take(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  if (!core->limits.accept_public_addresses && !is_private_address(peer.address().to_string())) {
    log_notice("HTTP: refused {}: not an address of a private network", peer.address().to_string());
    return;
  }
  const auto connection = std::make_shared<Connection>(core, std::move(socket));
  int64_t count = 0;
  {
    const MutexLock lock(core->mutex);
    if (core->is_stopping) return;
    count = static_cast<int64_t>(core->connections.size());
    if (count >= core->limits.connections + kRefusedConnections) return;
    core->connections.emplace(connection.get(), connection);
  }
  if (count >= core->limits.connections) return connection->refuse();
  connection->start();
}

std::vector<std::shared_ptr<Connection>> HttpServer::State::all_connections() {
  std::vector<std::shared_ptr<Connection>> all;
  const MutexLock lock(core->mutex);
  for (const auto& [_, weak] : core->connections) {
    if (auto connection = weak.lock()) all.push_back(std::move(connection));
  }
  return all;
}

HttpServer::HttpServer(HttpLimits limits, HttpHandler& handler)
    : state_(std::make_unique<State>(limits, handler)) {}

HttpServer::~HttpServer() { stop(); }

Result<void> HttpServer::start(const std::string& host, int32_t port) {
  CHECK(state_->threads.empty());
  if (auto listening = state_->listen(host, port); !listening) return listening;
  state_->accept();
  for (int32_t i = 0; i < std::max(state_->core->limits.thread_count, 1); ++i) {
    state_->threads.emplace_back([core = state_->core] {
      os::set_thread_name("http");
      core->context.run();
    });
  }
  return {};
}

int32_t HttpServer::port() const { return state_->port; }

int64_t HttpServer::connection_count() const {
  const MutexLock lock(state_->core->mutex);
  return static_cast<int64_t>(state_->core->connections.size());
}

void HttpServer::stop() {
  State& state = *state_;
  Core& core = *state.core;
  {
    const MutexLock lock(core.mutex);
    if (core.is_stopping) return;
    core.is_stopping = true;
  }
  asio::post(state.strand, [&state] {
    error_code ignored;
    state.acceptor.close(ignored);
    state.retry_timer.cancel();
  });
  for (const auto& connection : state.all_connections()) connection->begin_stop();

  // run() returns once every connection has closed: each does, or its own timer cuts it after the grace.
  for (std::jthread& thread : state.threads) thread.join();
  state.threads.clear();
  {
    const MutexLock lock(core.mutex);
    core.is_closed = true;
  }
  core.context.restart();
  core.context.poll();  // what was posted between the two
}

}  // namespace shoal
