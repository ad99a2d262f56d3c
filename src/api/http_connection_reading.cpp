// The part of HttpConnection that reads requests, and watches the client afterwards.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <cctype>
#include <utility>

#include "api/api_error.h"
#include "api/http_connection.h"
#include "api/http_exchange.h"
#include "api/http_head.h"
#include "api/http_path.h"
#include "base/ids.h"
#include "base/printable.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr size_t pipelined_bytes = 16 << 10;  // read ahead while an answer is being made
constexpr size_t shown_bytes = 40;            // of a header, in an error message

std::string_view text_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

// Whether a client's own id of its request may be sent back.
bool is_request_id(std::string_view text) {
  constexpr size_t longest = 128;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.');
  });
}

}  // namespace

void HttpConnection::read_head() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::reading;
  set_doing(ConnectionPlaces::Doing::waiting);
  searched_ = 0;
  request_ = {};
  request_id_ = make_random_id("req_");
  common_headers_.clear();
  stream_.expires_after(core_.limits.header_deadline);
  search_head();
}

void HttpConnection::search_head() {
  buffer_.consume(count_empty_lines(text_of(buffer_)));
  const auto end = find_head_end(text_of(buffer_), searched_);
  if (!end) return refuse_unread(end.error().status, end.error().message);
  searched_ = buffer_.size();
  if (static_cast<int64_t>(end->value_or(searched_)) > core_.limits.header_bytes) {
    return refuse_unread(431, fmt::format("the headers are longer than {} bytes", core_.limits.header_bytes));
  }
  if (*end) return take_head(**end);
  stream_.async_read_some(buffer_.prepare(read_size),
                          [self = shared_from_this()](error_code error, size_t count) {
                            if (error) return self->close();
                            self->buffer_.commit(count);
                            self->search_head();
                          });
}

void HttpConnection::take_head(size_t size) {
  set_doing(ConnectionPlaces::Doing::receiving);
  const std::string_view text = text_of(buffer_).substr(0, size);
  auto head = parse_head(text);
  if (!head) return refuse_unread(head.error().status, head.error().message);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(core_.limits.header_bytes));
  parser_->body_limit(static_cast<uint64_t>(core_.limits.body_bytes));
  error_code error;
  parser_->put(asio::buffer(text), error);
  buffer_.consume(size);
  if (error) return fail_read(error);
  is_http_1_1_ = head->is_http_1_1;
  keep_alive_ = parser_->get().keep_alive() && !is_server_stopping();
  request_.method = std::move(head->method);
  request_.host = std::move(head->host);
  request_.headers = std::move(head->headers);
  if (const std::string* id = find_header(request_.headers, "x-request-id"); id && is_request_id(*id)) {
    request_id_ = *id;
  }
  const auto path = decode_path(head->target);
  if (!path) return refuse_unread(400, "the request's target is malformed");
  request_.path = *path;
  const auto peer = stream_.socket().remote_endpoint(error);
  if (error) return close();
  request_.client_address = peer.address().to_string();
  const auto own = stream_.socket().local_endpoint(error);
  if (error) return close();
  request_.own_address = own.address().to_string();
  ask_handler();
}

void HttpConnection::ask_handler() {
  is_being_decided_ = true;
  timer_.expires_after(core_.limits.decision_deadline);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || !self->is_being_decided_) return;
    self->refuse_unread(503, "it took too long to find out whether this request is meant for this node");
  });
  core_.handler.check_head(request_, [core = shared_core_.lock(), strand = strand_,
                                      weak = weak_from_this()](HeadDecision decision) {
    const MutexLock lock(core->mutex);
    if (core->is_closed) return;
    asio::post(strand, [weak, decision = std::move(decision)]() mutable {
      if (const auto self = weak.lock()) self->take_decision(std::move(decision));
    });
  });
}

void HttpConnection::take_decision(HeadDecision decision) {
  if (phase_ != Phase::reading || !std::exchange(is_being_decided_, false)) return;
  timer_.cancel();
  common_headers_ = std::move(decision.headers);
  if (decision.refusal) {
    refusal_ = std::move(decision.refusal);
    if (!parser_->is_done()) return reply_unread(std::move(*std::exchange(refusal_, std::nullopt)));
  }
  if (parser_->is_done()) return take_body();
  const std::string* coding = find_header(request_.headers, "content-encoding");
  if (coding != nullptr && !beast::iequals(*coding, "identity") && !coding->empty()) {
    HttpResponse response = error_response(
        {.status = 415,
         .message = fmt::format("the body is encoded with {} (Content-Encoding); send it as it is",
                                printable(coding->substr(0, shown_bytes))),
         .param = {},
         .code = {}});
    response.headers.emplace_back("Accept-Encoding", "identity");
    return reply_unread(std::move(response));
  }
  const std::string* expect = find_header(request_.headers, "expect");
  if (expect != nullptr && beast::iequals(*expect, "100-continue")) return send_continue();
  read_body();
}

void HttpConnection::send_continue() {
  static constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(core_.limits.write_deadline);
  asio::async_write(stream_, asio::buffer(continue_line),
                    [self = shared_from_this()](error_code error, size_t) {
                      if (error) return self->close();
                      self->read_body();
                    });
}

void HttpConnection::read_body() {
  if (phase_ == Phase::closed) return;
  parser_->eager(true);
  stream_.expires_after(core_.limits.body_deadline);
  read_some_body();
}

void HttpConnection::read_some_body() {
  http::async_read_some(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->fail_read(error);
    if (self->phase_ == Phase::closed) return;
    if (!self->hold_body()) {
      return self->refuse_unread(503, "this node holds as many large requests as it takes; try again");
    }
    if (!self->parser_->is_done()) return self->read_some_body();
    self->take_body();
  });
}

// Counts the body against the limit of all connections together; false as soon as it is too much, while the
// body is still small.
bool HttpConnection::hold_body() {
  const auto size = static_cast<int64_t>(parser_->get().body().size());
  const int64_t more = std::max<int64_t>(size - core_.limits.small_body_bytes, 0) - held_bytes_;
  if (more <= 0) return true;
  held_bytes_ += more;
  return core_.body_bytes.fetch_add(more) + more <= core_.limits.body_budget_bytes;
}

void HttpConnection::release_body() { core_.body_bytes.fetch_sub(std::exchange(held_bytes_, 0)); }

void HttpConnection::take_body() {
  request_.body = std::move(parser_->get().body());
  phase_ = Phase::handling;
  set_doing(ConnectionPlaces::Doing::answering);
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
  if (error == http::error::body_limit) {
    return refuse_unread(413, fmt::format("the body is longer than {} bytes", core_.limits.body_bytes));
  }
  const bool is_malformed = error.category() == http::make_error_code(http::error::bad_method).category() &&
                            error != http::error::end_of_stream && error != http::error::partial_message;
  if (!is_malformed) return close();
  refuse_unread(400, fmt::format("this is not HTTP: {}", error.message()));
}

// While an answer is being made, reads in order to notice that the client is gone; requests sent ahead are
// kept.
void HttpConnection::watch_client() {
  if (buffer_.size() >= pipelined_bytes) return;
  is_watching_ = true;
  stream_.expires_never();
  stream_.async_read_some(
      buffer_.prepare(read_size),
      [self = shared_from_this()](error_code error, size_t count) { self->end_watch(error, count); });
}

void HttpConnection::end_watch(error_code error, size_t count) {
  is_watching_ = false;
  buffer_.commit(count);
  if (phase_ == Phase::closed) return;
  // The system reports only once that the client is gone, so that must not be left to the next read.
  const bool is_cancelled = error == asio::error::operation_aborted;  // by finish_response()
  if (error && !is_cancelled) return exchange_ ? lose_client() : close();
  if (!exchange_) return next_request();
  watch_client();
}

}  // namespace shoal
