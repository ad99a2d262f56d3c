// How an HttpConnection reads a request, and watches its client afterwards.
#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <utility>

#include "api/access.h"
#include "api/http_connection.h"
#include "api/http_exchange.h"
#include "api/http_path.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr size_t kReadSize = 4096;
constexpr size_t kPipelinedBytes = 16 << 10;  // read ahead while an answer is under way

}  // namespace

void HttpConnection::read_head() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::reading;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(core_.limits.header_bytes));
  parser_->body_limit(static_cast<uint64_t>(core_.limits.body_bytes));
  request_ = {};
  common_headers_.clear();
  stream_.expires_after(core_.limits.header_deadline);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->fail_read(error);
    self->take_head();
  });
}

void HttpConnection::take_head() {
  const auto& message = parser_->get();
  is_http_1_1_ = message.version() >= 11;
  keep_alive_ = message.keep_alive() && !is_server_stopping();
  request_.method = std::string(message.method_string());
  const auto path = decode_path({message.target().data(), message.target().size()});
  if (message.count(http::field::host) > 1 || message.count(http::field::origin) > 1 || !path) {
    return refuse_unread(400, "the request's target, Host or Origin is malformed");
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

std::optional<std::string> HttpConnection::find_header(http::field name) const {
  const auto& message = parser_->get();
  const auto field = message.find(name);
  if (field == message.end()) return std::nullopt;
  return std::string(field->value());
}

void HttpConnection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(core_.limits.write_deadline);
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->close();
    self->read_body();
  });
}

void HttpConnection::read_body() {
  stream_.expires_after(core_.limits.body_deadline);
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->fail_read(error);
    self->take_body();
  });
}

void HttpConnection::take_body() {
  request_.body = std::move(parser_->get().body());
  phase_ = Phase::handling;
  note_progress();
  exchange_ = std::make_shared<HttpExchange>(shared_core_.lock(), strand_, weak_from_this());
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

void HttpConnection::fail_read(error_code error) {
  if (phase_ == Phase::closed) return;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refuse_unread(431, fmt::format("the headers are longer than {} bytes", core_.limits.header_bytes));
  }
  if (error == http::error::body_limit) {
    return refuse_unread(413, fmt::format("the body is longer than {} bytes", core_.limits.body_bytes));
  }
  const bool is_malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                            error != http::error::end_of_stream && error != http::error::partial_message;
  if (!is_malformed) return close();
  refuse_unread(400, fmt::format("this is not HTTP: {}", error.message()));
}

// While an answer is under way, reads to learn of the client's end; requests sent ahead are kept.
void HttpConnection::watch_client() {
  if (buffer_.size() >= kPipelinedBytes) return;
  is_watching_ = true;
  stream_.expires_never();
  stream_.async_read_some(
      buffer_.prepare(kReadSize),
      [self = shared_from_this()](error_code error, size_t count) { self->end_watch(error, count); });
}

void HttpConnection::end_watch(error_code error, size_t count) {
  is_watching_ = false;
  buffer_.commit(count);
  if (phase_ == Phase::closed) return;
  // The system reports the client's end only once, so it must not be left to the next read.
  const bool is_cancelled = error == asio::error::operation_aborted;  // by finish_response()
  if (error && !is_cancelled) return exchange_ ? lose_client() : close();
  if (!exchange_) return next_request();
  watch_client();
}

}  // namespace shoal
