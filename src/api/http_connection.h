// A connection of the HTTP server: reads a client's requests one after another and writes their answers.
// Everything runs on its strand, so nothing here is locked.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_core.h"
#include "api/http_message.h"

namespace shoal {

class HttpExchange;

class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpCore> core, ConnectionPlaces::Id id,
                 boost::asio::ip::tcp::socket socket);
  ~HttpConnection();

  // The first four may be called on any thread.
  void start();
  // Answers 503, because the client came when all connections were taken.
  void refuse();
  // Closes, because another connection has got its place.
  void give_up_place();
  // The server stops: closes an idle connection now, and tells an answer in progress to end.
  void begin_stop();

  // HttpExchange calls the following, on the strand.
  bool serves(const HttpExchange* exchange) const { return exchange_.get() == exchange; }
  void send(HttpResponse response);
  void begin_stream(HttpResponse head, std::string heartbeat);
  void write(std::string_view text);
  void end_stream();
  void note_progress() { last_progress_ = Steady::now(); }
  // Closes and tells the handler that the client is gone.
  void lose_client();

 private:
  static constexpr size_t read_size = 4096;  // of one read from the socket

  using Steady = std::chrono::steady_clock;
  using error_code = boost::system::error_code;

  enum class Phase : uint8_t {
    reading,    // waits for a request or is reading one
    handling,   // the handler has the request, nothing is written yet
    streaming,  // a stream is being written
    finishing,  // the rest of the answer is being written
    closed,
  };

  void read_head();
  void search_head();
  void take_head(size_t size);
  void ask_handler();
  void take_decision(HeadDecision decision);
  void send_continue();
  void read_body();
  void read_some_body();
  bool hold_body();
  void release_body();
  void take_body();
  void fail_read(error_code error);
  void watch_client();
  void end_watch(error_code error, size_t count);

  void reply_unread(HttpResponse response);
  void refuse_unread(int32_t status, std::string message);
  std::string format_head(const HttpResponse& response, std::string_view framing) const;
  void append_chunk(std::string_view text);
  void flush();
  void send_some();

  void begin_finishing();
  void finish_response();
  void next_request();
  void discard_rest();
  void discard_some(size_t discarded);
  void close_gently();
  void close();

  void arm_timer();
  void on_timer();
  void interrupt(Interruption reason);
  bool is_server_stopping();
  void set_doing(ConnectionPlaces::Doing doing);

  HttpCore& core_;
  const ConnectionPlaces::Id id_;
  // The core holds this connection, so this must not hold the core.
  const std::weak_ptr<HttpCore> shared_core_;
  const boost::asio::any_io_executor strand_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_{64 << 10};
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;

  Phase phase_ = Phase::reading;
  size_t searched_ = 0;  // bytes of the buffer known to hold no end of a head
  HttpRequest request_;  // its body goes to the handler
  std::string request_id_;
  int64_t held_bytes_ = 0;  // this connection's part of HttpCore::body_bytes
  std::optional<HttpResponse> refusal_;
  HttpHeaders common_headers_;
  std::shared_ptr<HttpExchange> exchange_;
  bool is_http_1_1_ = true;
  bool keep_alive_ = false;
  bool is_chunked_ = false;
  bool is_unread_ = false;
  bool is_watching_ = false;
  bool is_sending_ = false;
  bool is_ending_ = false;
  bool is_being_decided_ = false;

  std::string outbox_;   // not given to the socket yet
  std::string sending_;  // being written
  size_t sent_ = 0;
  std::string heartbeat_;
  Steady::time_point last_progress_, last_write_, ending_since_;
};

}  // namespace shoal
