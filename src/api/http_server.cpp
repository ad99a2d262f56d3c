#include "api/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

#include "api/access.h"
#include "api/http_connection.h"
#include "api/http_core.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr int64_t kRefusedConnections = 256;  // over the limit, kept for the time of a 503

}  // namespace

struct HttpServer::State {
  State(const HttpLimits& limits, HttpHandler& handler)
      : core(std::make_shared<HttpCore>(limits, handler)),
        strand(asio::make_strand(core->context)),
        acceptor(strand),
        retry_timer(strand) {}

  std::shared_ptr<HttpCore> core;
  asio::any_io_executor strand;  // of the acceptor
  tcp::acceptor acceptor;
  asio::steady_timer retry_timer;
  int32_t port = 0;
  std::vector<std::jthread> threads;

  Result<void> listen(const std::string& host, int32_t wanted_port);
  void accept();
  void take(tcp::socket socket);
  std::vector<std::shared_ptr<HttpConnection>> all_connections();
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
  const auto connection = std::make_shared<HttpConnection>(core, std::move(socket));
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

std::vector<std::shared_ptr<HttpConnection>> HttpServer::State::all_connections() {
  std::vector<std::shared_ptr<HttpConnection>> all;
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
  HttpCore& core = *state.core;
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
