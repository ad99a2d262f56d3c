// The part of HttpConnection that writes responses, at once or as a stream.
#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <utility>

#include "api/api_error.h"
#include "api/http_connection.h"
#include "api/http_date.h"
#include "api/http_exchange.h"
#include "base/log.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

std::string_view reason_phrase(int32_t status) {
  if (status == 499) return "Cancelled";
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return {reason.data(), reason.size()};
}

}  // namespace

// Called before the last byte is sent, so that a client that has its answer finds its body's memory free
// again.
void HttpConnection::begin_finishing() {
  phase_ = Phase::finishing;
  if (exchange_) exchange_->detach();
  release_body();
}

void HttpConnection::send(HttpResponse response) {
  if (phase_ != Phase::handling) return;
  begin_finishing();
  core_.handler.on_response(request_, response.status);
  outbox_ += format_head(response, fmt::format("Content-Length: {}\r\n", response.body.size()));
  if (request_.method != "HEAD") outbox_ += response.body;
  flush();
}

void HttpConnection::begin_stream(HttpResponse head, std::string heartbeat) {
  if (phase_ != Phase::handling) return;
  phase_ = Phase::streaming;
  heartbeat_ = std::move(heartbeat);
  is_chunked_ = is_http_1_1_;
  if (!is_chunked_) keep_alive_ = false;  // the end of the connection ends the body
  core_.handler.on_response(request_, head.status);
  outbox_ += format_head(head, is_chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
  last_write_ = Steady::now();
  arm_timer();
  flush();
}

void HttpConnection::write(std::string_view text) {
  if (phase_ != Phase::streaming || text.empty()) return;
  append_chunk(text);
  if (static_cast<int64_t>(outbox_.size() + sending_.size() - sent_) > core_.limits.send_queue_bytes) {
    log_notice("api: a client that does not read its stream is cut off");
    return lose_client();
  }
  flush();
}

void HttpConnection::end_stream() {
  if (phase_ != Phase::streaming) return;
  begin_finishing();
  if (is_chunked_) outbox_ += "0\r\n\r\n";
  flush();
}

// Answers a request without reading the rest of it, then closes.
void HttpConnection::reply_unread(HttpResponse response) {
  phase_ = Phase::handling;
  keep_alive_ = false;
  is_unread_ = true;
  is_being_decided_ = false;
  timer_.cancel();
  send(std::move(response));
}

void HttpConnection::refuse_unread(int32_t status, std::string message) {
  reply_unread(error_response({.status = status, .message = std::move(message), .param = {}, .code = {}}));
}

std::string HttpConnection::format_head(const HttpResponse& response, std::string_view framing) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  if (!response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
  head += fmt::format("Date: {}\r\nx-request-id: {}\r\n", format_http_date(std::chrono::system_clock::now()),
                      request_id_);
  for (const HttpHeaders* headers : {&response.headers, &common_headers_}) {
    for (const auto& [name, value] : *headers) head += fmt::format("{}: {}\r\n", name, value);
  }
  head += framing;
  return head + (keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

void HttpConnection::append_chunk(std::string_view text) {
  if (is_chunked_) outbox_ += fmt::format("{:x}\r\n", text.size());
  outbox_ += text;
  if (is_chunked_) outbox_ += "\r\n";
}

void HttpConnection::flush() {
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

void HttpConnection::send_some() {
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

}  // namespace shoal
