#include "api/http_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "api/http_exchange.h"
#include "base/ids.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// This much of a refused body is read, so that its sender can read the refusal.
constexpr size_t discarded_bytes = 16 << 20;
constexpr Duration discard_deadline = std::chrono::seconds(2);

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpCore> core, ConnectionPlaces::Id id,
                               asio::ip::tcp::socket socket)
    : core_(*core),
      id_(id),
      shared_core_(std::move(core)),
      strand_(socket.get_executor()),
      stream_(std::move(socket)),
      timer_(strand_) {}

HttpConnection::~HttpConnection() {
  release_body();
  const MutexLock lock(core_.mutex);
  core_.places.leave(id_);
  core_.connections.erase(id_);
}

void HttpConnection::start() {
  asio::post(strand_, [self = shared_from_this()] {
    error_code ignored;
    self->stream_.socket().set_option(tcp::no_delay(true), ignored);
    self->read_head();
  });
}

void HttpConnection::refuse() {
  asio::post(strand_, [self = shared_from_this()] {
    self->request_id_ = make_random_id("req_");
    self->refuse_unread(503, "this node has as many connections as it takes; try again");
  });
}

void HttpConnection::give_up_place() {
  asio::post(strand_, [self = shared_from_this()] {
    if (!self->exchange_) self->close();  // otherwise a request has come at the last moment
  });
}

void HttpConnection::begin_stop() {
  asio::post(strand_, [self = shared_from_this()] {
    self->keep_alive_ = false;
    if (!self->exchange_) return self->close();
    self->interrupt(Interruption::server_stopping);
  });
}

void HttpConnection::lose_client() {
  interrupt(Interruption::client_gone);
  close();
}

void HttpConnection::finish_response() {
  timer_.cancel();
  exchange_.reset();
  if (!keep_alive_) return is_unread_ ? discard_rest() : close_gently();
  if (is_watching_) {
    stream_.cancel();  // end_watch() goes on to the next request
  } else {
    next_request();
  }
}

void HttpConnection::next_request() {
  if (is_server_stopping()) return close();
  read_head();
}

// Reads and drops the rest of the request: closing with unread bytes makes the system send a reset, and the
// client may never see the response.
void HttpConnection::discard_rest() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  stream_.expires_after(discard_deadline);
  discard_some(0);
}

void HttpConnection::discard_some(size_t discarded) {
  stream_.async_read_some(buffer_.prepare(read_size),
                          [self = shared_from_this(), discarded](error_code error, size_t count) {
                            if (error || discarded + count > discarded_bytes) return self->close();
                            self->discard_some(discarded + count);
                          });
}

void HttpConnection::close_gently() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  close();
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  timer_.cancel();
  release_body();
  stream_.close();
  if (auto exchange = std::exchange(exchange_, nullptr)) exchange->detach();
}

// One timer for everything an answer waits for: the next heartbeat, the end of patience, the end of the
// grace.
void HttpConnection::arm_timer() {
  auto due =
      is_ending_ ? ending_since_ + core_.limits.stop_grace : last_progress_ + core_.limits.response_timeout;
  if (phase_ == Phase::streaming) due = std::min(due, last_write_ + core_.limits.heartbeat_interval);
  timer_.expires_at(std::chrono::time_point_cast<Steady::duration>(due));
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || !self->exchange_) return;
    self->on_timer();
  });
}

void HttpConnection::on_timer() {
  const auto now = Steady::now();
  if (is_ending_ && now >= ending_since_ + core_.limits.stop_grace) return close();
  if (!is_ending_ && now >= last_progress_ + core_.limits.response_timeout) {
    interrupt(Interruption::silent_too_long);
    if (!exchange_) return;
  }
  if (phase_ == Phase::streaming && now >= last_write_ + core_.limits.heartbeat_interval) {
    last_write_ = now;  // even if the client takes nothing: the write's own deadline ends that
    if (!is_sending_) append_chunk(heartbeat_);
    flush();
  }
  arm_timer();
}

// Tells the handler, which then has `stop_grace` to end the answer.
void HttpConnection::interrupt(Interruption reason) {
  if (!exchange_ || is_ending_) return;
  is_ending_ = true;
  keep_alive_ = false;
  ending_since_ = Steady::now();
  const auto exchange = exchange_;  // the callback may end it and so clear exchange_
  exchange->interrupt(reason);
  if (exchange_) arm_timer();
}

bool HttpConnection::is_server_stopping() {
  const MutexLock lock(core_.mutex);
  return core_.is_stopping;
}

void HttpConnection::set_doing(ConnectionPlaces::Doing doing) {
  const MutexLock lock(core_.mutex);
  core_.places.set_doing(id_, doing);
}

}  // namespace shoal
