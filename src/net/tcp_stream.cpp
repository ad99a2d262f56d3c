#include "net/tcp_stream.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Error to_error(const error_code& error) {
  if (error == asio::error::operation_aborted)
    return {ErrorCode::cancelled, "the connection was closed here"};
  if (error == asio::error::eof) return {ErrorCode::unavailable, "the peer closed the connection"};
  return {ErrorCode::unavailable, error.message()};
}

Result<size_t> to_result(const error_code& error, size_t count) {
  if (error) return fail(to_error(error));
  return count;
}

class TcpStream final : public ByteStream {
 public:
  TcpStream(asio::io_context& context, std::vector<tcp::endpoint> dialled)
      : socket_(context), dialled_(std::move(dialled)) {}
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {
    error_code error;
    address_ = socket_.remote_endpoint(error).address().to_string();
  }

  void open(Opened done) override {
    if (dialled_.empty()) {  // it was accepted
      done({});
      return;
    }
    asio::async_connect(socket_, dialled_,
                        [this, done = std::move(done)](error_code error, const tcp::endpoint& to) {
                          if (error) {
                            done(fail(to_error(error)));
                            return;
                          }
                          address_ = to.address().to_string();
                          socket_.set_option(tcp::no_delay(true), error);
                          socket_.non_blocking(true, error);
                          done({});
                        });
  }

  void read_some(std::span<std::byte> into, Moved done) override {
    CHECK(!into.empty());
    socket_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [done = std::move(done)](error_code error, size_t count) { done(to_result(error, count)); });
  }

  void write_some(std::span<const std::span<const std::byte>> pieces, Moved done) override {
    std::array<asio::const_buffer, most_pieces> buffers;
    const size_t count = std::min(pieces.size(), buffers.size());
    for (size_t i = 0; i < count; ++i) buffers[i] = {pieces[i].data(), pieces[i].size()};
    socket_.async_write_some(buffers, [done = std::move(done)](error_code error, size_t written) {
      done(to_result(error, written));
    });
  }

  void finish_writing() override {
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
  }

  void close() override {
    error_code error;
    socket_.close(error);
  }

  std::string peer_address() const override { return address_; }

 private:
  tcp::socket socket_;
  std::vector<tcp::endpoint> dialled_;
  std::string address_;
};

}  // namespace

std::unique_ptr<ByteStream> dial_tcp(NetworkLoop& loop, const std::vector<std::string>& addresses,
                                     int32_t port) {
  std::vector<tcp::endpoint> endpoints;
  for (const std::string& address : addresses) {
    error_code error;
    const auto parsed = asio::ip::make_address(address, error);
    if (!error) endpoints.emplace_back(parsed, static_cast<uint16_t>(port));
  }
  CHECK(!endpoints.empty());
  return std::make_unique<TcpStream>(loop.context(), std::move(endpoints));
}

std::unique_ptr<ByteStream> adopt_tcp(NetworkLoop& loop, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  tcp::socket adopted(loop.context());
  error_code error;
  const bool is_connected = getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (is_connected) adopted.assign(address.ss_family == AF_INET ? tcp::v4() : tcp::v6(), socket, error);
  if (!is_connected || error) {
    ::close(socket);
    return nullptr;
  }
  adopted.non_blocking(true, error);
  return std::make_unique<TcpStream>(std::move(adopted));
}

}  // namespace shoal
