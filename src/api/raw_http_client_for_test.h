// A client for tests that sends exactly the bytes it is told and shares no code with the server. Every read
// has a deadline of ten seconds.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal {

class RawHttpClient {
 public:
  struct Response {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
  };

  explicit RawHttpClient(int32_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawHttpClient() { disconnect(); }
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;

  bool is_connected() const { return is_connected_; }
  void disconnect() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

  // Waits until the server closes; what came before it is dropped.
  bool wait_for_close() {
    buffer_.clear();
    while (read_more()) buffer_.clear();
    return has_ended_;
  }

  // Everything up to and including `end`.
  std::optional<std::string> read_until(std::string_view end) {
    size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    std::string result = buffer_.substr(0, at + end.size());
    buffer_.erase(0, at + end.size());
    return result;
  }

  // Status line and headers; 100 Continue is a response of its own.
  std::optional<Response> read_head() {
    const auto text = read_until("\r\n\r\n");
    if (!text || text->size() < 12 || !text->starts_with("HTTP/1.1 ")) return std::nullopt;
    Response response;
    response.status = std::atoi(text->c_str() + 9);
    for (size_t at = text->find("\r\n") + 2; at + 2 < text->size();) {
      const size_t end = text->find("\r\n", at);
      const size_t colon = text->find(": ", at);
      std::string name = text->substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      response.headers[name] = text->substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return response;
  }
  // The next chunk's bytes; empty at the last one.
  std::optional<std::string> read_chunk() {
    const auto size = read_until("\r\n");
    if (!size) return std::nullopt;
    return read_exactly(std::strtoul(size->c_str(), nullptr, 16));
  }
  std::optional<Response> read_response(bool has_body = true) {
    auto response = read_head();
    if (!response || !has_body) return response;
    if (response->headers.contains("transfer-encoding")) {
      while (true) {
        const auto chunk = read_chunk();
        if (!chunk) return std::nullopt;
        if (chunk->empty()) return response;
        response->body += *chunk;
      }
    }
    const size_t length = std::strtoul(response->headers["content-length"].c_str(), nullptr, 10);
    while (buffer_.size() < length) {
      if (!read_more()) return std::nullopt;
    }
    response->body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return response;
  }

  std::optional<Response> get(const std::string& path) {
    send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return read_response();
  }
  bool send_post(const std::string& path, std::string_view body) {
    return send("POST " + path +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  std::optional<Response> post(const std::string& path, std::string_view body) {
    send_post(path, body);
    return read_response();
  }

 private:
  // A chunk's bytes and the line end after them.
  std::optional<std::string> read_exactly(size_t size) {
    while (buffer_.size() < size + 2) {
      if (!read_more()) return std::nullopt;
    }
    std::string result = buffer_.substr(0, size);
    buffer_.erase(0, size + 2);
    return result;
  }
  bool read_more() {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 10000) != 1) return false;
    char bytes[4096];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    has_ended_ = count <= 0;
    if (has_ended_) return false;
    buffer_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int socket_;
  bool is_connected_ = false;
  bool has_ended_ = false;
  std::string buffer_;
};

}  // namespace shoal
