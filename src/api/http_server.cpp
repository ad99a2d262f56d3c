#include "api/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <string_view>
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

constexpr std::string_view everywhere = "::";
constexpr Duration renewal_interval = std::chrono::seconds(2);

// Returns what could not be done; nullptr when the acceptor listens.
const char* open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, error_code& error) {
  acceptor.open(endpoint.protocol(), error);
  if (error) return "open a socket for";
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error ? "listen on" : nullptr;
}

// This machine's private IPv6 addresses, with a zone where one is needed.
std::vector<std::string> private_v6_addresses() {
  std::vector<std::string> addresses;
  for (const os::InterfaceAddress& each : os::interface_addresses()) {
    if (each.address.find(':') == std::string::npos || !is_private_address(each.address)) continue;
    const bool is_link_local = asio::ip::make_address_v6(each.address).is_link_local();
    addresses.push_back(is_link_local ? each.address + "%" + each.interface : each.address);
  }
  return addresses;
}

}  // namespace

struct HttpServer::State {
  State(const HttpLimits& limits, HttpHandler& handler)
      : core(std::make_shared<HttpCore>(limits, handler)),
        strand(asio::make_strand(core->context)),
        renewal_timer(strand) {}

  // An address on which the server listens.
  struct Door {
    explicit Door(const asio::any_io_executor& strand) : acceptor(strand), retry_timer(strand) {}
    void close();

    std::string address;  // empty: the one that start() was given
    tcp::acceptor acceptor;
    asio::steady_timer retry_timer;
  };

  std::shared_ptr<HttpCore> core;
  asio::any_io_executor strand;  // the doors use it
  std::vector<std::shared_ptr<Door>> doors;
  asio::steady_timer renewal_timer;
  int32_t port = 0;
  std::vector<std::jthread> threads;

  Result<void> listen(const std::string& host, int32_t wanted_port);
  void renew_doors();
  void accept(const std::shared_ptr<Door>& door);
  void take(tcp::socket socket);
  std::vector<std::shared_ptr<HttpConnection>> all_connections();
};

void HttpServer::State::Door::close() {
  error_code ignored;
  acceptor.close(ignored);
  retry_timer.cancel();
}

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
  const bool is_everywhere = host == everywhere;
  const auto found = resolver.resolve(is_everywhere ? "0.0.0.0" : host, std::to_string(wanted_port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return failed("resolve", error);
  const auto door = std::make_shared<Door>(strand);
  if (const char* wrong = open(door->acceptor, found.begin()->endpoint(), error)) return failed(wrong, error);
  port = door->acceptor.local_endpoint(error).port();
  doors.push_back(door);
  accept(door);
  if (is_everywhere) renew_doors();
  return {};
}

// Each IPv6 address that no router forwards has a door of its own, since they come and go with the networks.
// A client that calls another IPv6 address of this machine is refused at once and then tries IPv4; were its
// connection taken and closed, it would give up.
void HttpServer::State::renew_doors() {
  {
    const MutexLock lock(core->mutex);
    if (core->is_stopping) return;
  }
  const std::vector<std::string> wanted = private_v6_addresses();
  std::erase_if(doors, [&](const std::shared_ptr<Door>& door) {
    const bool is_gone = !door->address.empty() && std::ranges::find(wanted, door->address) == wanted.end();
    if (is_gone) door->close();
    return is_gone;
  });
  for (const std::string& address : wanted) {
    if (std::ranges::find(doors, address, [](const auto& door) { return door->address; }) != doors.end())
      continue;
    const auto door = std::make_shared<Door>(strand);
    door->address = address;
    error_code error;
    const auto v6 = asio::ip::make_address_v6(address, error);
    if (error || open(door->acceptor, {v6, static_cast<uint16_t>(port)}, error) != nullptr) {
      log_debug(2, "HTTP: not listening on [{}]:{}: {}", address, port, error.message());
      continue;
    }
    doors.push_back(door);
    accept(door);
  }
  renewal_timer.expires_after(renewal_interval);
  renewal_timer.async_wait([this](error_code stopped) {
    if (!stopped) renew_doors();
  });
}

void HttpServer::State::accept(const std::shared_ptr<Door>& door) {
  // The sockets get strands of their own; the doors' strand only accepts.
  door->acceptor.async_accept(asio::make_strand(core->context),
                              [this, door](error_code error, tcp::socket socket) {
                                if (error == asio::error::operation_aborted || !door->acceptor.is_open())
                                  return;
                                if (!error) {
                                  take(std::move(socket));
                                  return accept(door);
                                }
                                // Most likely there are no descriptors left; open ones will be closed.
                                log_error("HTTP: cannot accept a connection: {}", error.message());
                                door->retry_timer.expires_after(std::chrono::milliseconds(100));
                                door->retry_timer.async_wait([this, door](error_code stopped) {
                                  if (!stopped) accept(door);
                                });
                              });
}

void HttpServer::State::take(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  if (!is_private_address(peer.address().to_string())) {
    log_notice("HTTP: refused {}: not an address of a private network", peer.address().to_string());
    return;
  }
  std::shared_ptr<HttpConnection> connection, leaver;
  ConnectionPlaces::Admission admission{};
  {
    const MutexLock lock(core->mutex);
    if (core->is_stopping) return;
    const ConnectionPlaces::Id id = ++core->last_connection;
    admission = core->places.enter(id, peer.address().to_string());
    if (admission.entry == ConnectionPlaces::Entry::dropped) return;
    connection = std::make_shared<HttpConnection>(core, id, std::move(socket));
    core->connections.emplace(id, connection);
    if (admission.leaves) {
      const auto found = core->connections.find(*admission.leaves);
      if (found != core->connections.end()) leaver = found->second.lock();
    }
  }
  if (leaver) leaver->give_up_place();
  if (admission.entry == ConnectionPlaces::Entry::refused) return connection->refuse();
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
    for (const auto& door : state.doors) door->close();
    state.doors.clear();
    state.renewal_timer.cancel();
  });
  for (const auto& connection : state.all_connections()) connection->begin_stop();

  // run() returns when every connection has closed; a connection's own timer cuts it after the grace.
  for (std::jthread& thread : state.threads) thread.join();
  state.threads.clear();
  {
    const MutexLock lock(core.mutex);
    core.is_closed = true;
  }
  core.context.restart();
  core.context.poll();  // run what was posted in between
}

}  // namespace shoal
