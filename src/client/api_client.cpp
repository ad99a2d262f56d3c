#include "client/api_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "client/chat_stream.h"
#include "json/members.h"
#include "json/value.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using nlohmann::json;
using tcp = asio::ip::tcp;

constexpr Duration cancel_check = std::chrono::milliseconds(100);

// One connection for one request. Waits run the io_context until their operation is done, so that they have
// deadlines and can ask whether the caller still wants the answer.
class Call {
 public:
  Call(const ApiClientSettings& settings, const std::function<bool()>& is_cancelled)
      : settings_(settings), is_cancelled_(is_cancelled), stream_(context_) {}

  Result<void> send(http::verb method, const std::string& path, const std::string& body);
  Result<void> read_head();
  bool is_success() const { return parser_.get().result() == http::status::ok; }
  bool is_stream() const {
    const auto type = parser_.get()[http::field::content_type];
    return type.starts_with("text/event-stream");
  }
  Result<std::string> read_body();
  // Gives `take` the body's bytes as they come, until it fails or the body ends.
  Result<void> read_stream(const std::function<Result<void>(std::string_view)>& take);
  Error node_error(const std::string& body) const;

 private:
  // Runs until `done`; the operation's outcome is in `error`, `what` names it in our error.
  Result<void> wait(const bool& done, const error_code& error, Duration deadline, std::string_view what);
  std::string address() const {
    const bool is_v6 = settings_.host.find(':') != std::string::npos;
    return fmt::format("{}:{}", is_v6 ? "[" + settings_.host + "]" : settings_.host, settings_.port);
  }

  const ApiClientSettings& settings_;
  const std::function<bool()>& is_cancelled_;
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
};

Result<void> Call::wait(const bool& done, const error_code& error, Duration deadline, std::string_view what) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  context_.restart();
  bool is_cancelled = false;
  while (!done) {
    const auto left = end - std::chrono::steady_clock::now();
    is_cancelled = is_cancelled_ && is_cancelled_();
    if (is_cancelled || left <= Duration::zero()) break;
    context_.run_one_for(std::min<Duration>(left, is_cancelled_ ? cancel_check : left));
  }
  if (done && !error) return {};
  if (!done) {
    stream_.close();
    while (!done) context_.run_one();  // its handler refers to the caller's variables
    if (is_cancelled) return fail(ErrorCode::cancelled, "the request was given up");
    return fail(ErrorCode::deadline_exceeded,
                fmt::format("the node at {} did not {} within {} s", address(), what, to_seconds(deadline)));
  }
  return fail(ErrorCode::unavailable,
              fmt::format("the node at {} did not {}: {}", address(), what, error.message()));
}

Result<void> Call::send(http::verb method, const std::string& path, const std::string& body) {
  error_code error;
  tcp::resolver resolver(context_);
  const auto endpoints = resolver.resolve(settings_.host, std::to_string(settings_.port), error);
  if (error)
    return fail(ErrorCode::unavailable,
                fmt::format("cannot resolve {}: {}", settings_.host, error.message()));
  bool done = false;
  stream_.async_connect(endpoints, [&](error_code outcome, const tcp::endpoint&) {
    error = outcome;
    done = true;
  });
  if (auto connected = wait(done, error, settings_.connect_deadline, "take a connection"); !connected)
    return connected;

  http::request<http::string_body> request(method, path, 11);
  request.set(http::field::host, address());
  request.set(http::field::connection, "close");
  if (method == http::verb::post) {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.prepare_payload();
  done = false;
  http::async_write(stream_, request, [&](error_code outcome, size_t) {
    error = outcome;
    done = true;
  });
  return wait(done, error, settings_.silence_deadline, "take the request");
}

Result<void> Call::read_head() {
  parser_.body_limit(std::numeric_limits<uint64_t>::max());  // read_body() and EventStream have limits
  error_code error;
  bool done = false;
  http::async_read_header(stream_, buffer_, parser_, [&](error_code outcome, size_t) {
    error = outcome;
    done = true;
  });
  return wait(done, error, settings_.silence_deadline, "answer");
}

Result<void> Call::read_stream(const std::function<Result<void>(std::string_view)>& take) {
  char piece[8192];
  while (!parser_.is_done()) {
    parser_.get().body().data = piece;
    parser_.get().body().size = sizeof piece;
    error_code error;
    bool done = false;
    http::async_read_some(stream_, buffer_, parser_, [&](error_code outcome, size_t) {
      error = outcome == http::error::need_buffer ? error_code() : outcome;
      done = true;
    });
    if (auto read = wait(done, error, settings_.silence_deadline, "go on"); !read) return read;
    const size_t count = sizeof piece - parser_.get().body().size;
    if (auto taken = take({piece, count}); !taken) return taken;
  }
  return {};
}

Result<std::string> Call::read_body() {
  std::string body;
  auto read = read_stream([&](std::string_view bytes) -> Result<void> {
    if (static_cast<int64_t>(body.size() + bytes.size()) > settings_.body_limit) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("the answer is longer than {} bytes", settings_.body_limit));
    }
    body += bytes;
    return {};
  });
  if (!read) return fail(read.error());
  return body;
}

ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 400: return ErrorCode::invalid_argument;
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::permission_denied;
    case 404: return ErrorCode::not_found;
    case 429: return ErrorCode::resource_exhausted;
    case 499: return ErrorCode::cancelled;
    case 503: return ErrorCode::unavailable;
    case 504: return ErrorCode::deadline_exceeded;
    default: return ErrorCode::internal;
  }
}

// The node's own message, {"error": {"message": …}}, if the body has it.
Error Call::node_error(const std::string& body) const {
  const unsigned status = parser_.get().result_int();
  const Value answer = parse_json(body).value_or(Value());
  const Value* error = answer.find("error");
  std::string message = error == nullptr ? "" : text_member(*error, "message");
  if (message.empty()) message = fmt::format("the node at {} answered with status {}", address(), status);
  return {code_of_status(status), std::move(message)};
}

std::string format_call(const ChatCall& call) {
  json messages = json::array();
  for (const ChatMessage& message : call.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  json body{{"messages", messages},
            {"stream", true},
            {"stream_options", {{"include_usage", true}, {"include_progress", true}}}};
  if (call.model) body["model"] = *call.model;
  if (call.temperature) body["temperature"] = *call.temperature;
  if (call.min_p) body["min_p"] = *call.min_p;
  if (call.max_tokens) body["max_tokens"] = *call.max_tokens;
  if (call.seed) body["seed"] = *call.seed;
  for (const auto& [name, value] : call.settings)
    body[name] = json::parse(value, nullptr, /*allow_exceptions=*/false);
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::string> ask(const ApiClientSettings& settings, http::verb method, const std::string& path,
                        const std::string& body) {
  const std::function<bool()> never;
  Call call(settings, never);
  if (auto sent = call.send(method, path, body); !sent) return fail(sent.error());
  if (auto head = call.read_head(); !head) return fail(head.error());
  auto answer = call.read_body();
  if (!answer) return answer;
  if (!call.is_success()) return fail(call.node_error(*answer));
  return answer;
}

}  // namespace

Result<ChatOutcome> ApiClient::chat(const ChatCall& chat, const ChatProgress& progress) const {
  Call call(settings_, progress.is_cancelled);
  if (auto sent = call.send(http::verb::post, "/v1/chat/completions", format_call(chat)); !sent) {
    return fail(sent.error());
  }
  if (auto head = call.read_head(); !head) return fail(head.error());
  if (!call.is_success() || !call.is_stream()) {
    const auto body = call.read_body();
    if (!body) return fail(body.error());
    return fail(call.node_error(*body));
  }
  ChatStream stream(progress);
  const auto read = call.read_stream([&](std::string_view bytes) { return stream.take(bytes); });
  if (!read) return fail(read.error());
  return stream.end();
}

Result<std::string> ApiClient::get(const std::string& path) const {
  return ask(settings_, http::verb::get, path, "");
}

Result<std::string> ApiClient::post(const std::string& path, const std::string& body) const {
  return ask(settings_, http::verb::post, path, body);
}

Result<void> ApiClient::unload(const std::string& model) const {
  auto answer = post("/unload", json{{"model", model}}.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!answer) return fail(answer.error());
  return {};
}

std::string ApiClient::address() const { return fmt::format("{}:{}", settings_.host, settings_.port); }

bool ApiClient::is_alive() const {
  const auto answer = get("/healthcheck");
  return answer && text_member(parse_json(*answer).value_or(Value()), "status") == "ok";
}

}  // namespace shoal
