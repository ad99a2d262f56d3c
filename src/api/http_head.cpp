#include "api/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "api/host_name.h"
#include "base/letter_case.h"
#include "base/printable.h"

namespace shoal {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

std::unexpected<HeadFault> refuse(std::string message, int32_t status = 400) {
  return std::unexpected(HeadFault{.status = status, .message = std::move(message)});
}

std::unexpected<HeadFault> no_http(std::string_view what) {
  return refuse(fmt::format("this is not HTTP/1.1: {}", what));
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || marks.find(static_cast<char>(c)) != std::string_view::npos);
  });
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Removes the first line from `text` and returns it without its end.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find(line_end);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + line_end.size());
  return line;
}

std::optional<HeadFault> read_request_line(std::string_view line, HttpHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return no_http("its first line has no three words").error();
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head.method)) return no_http("the method is no word").error();
  const auto is_outside = [](unsigned char c) { return c <= 0x20 || c >= 0x7f; };
  if (head.target.empty() || std::ranges::any_of(head.target, is_outside)) {
    return no_http("the target has blanks or bytes that are to be escaped").error();
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return no_http("another version is asked for").error();
  head.is_http_1_1 = version == "HTTP/1.1";
  return std::nullopt;
}

std::optional<HeadFault> read_header(std::string_view line, HttpHead& head) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return refuse("a header is folded over two lines").error();
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse("a line of the head is no header: a name, a colon and a value are expected").error();
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (std::ranges::any_of(value,
                          [](char c) { return is_control(static_cast<unsigned char>(c)) && c != '\t'; })) {
    return refuse(fmt::format("the header {} has control characters", line.substr(0, colon))).error();
  }
  head.headers.emplace_back(to_lower_ascii(line.substr(0, colon)), value);
  return std::nullopt;
}

// Refuses a second header of those whose repetition could change the request.
std::optional<HeadFault> check_single(const HttpHeaders& headers) {
  for (const std::string_view name : {"host", "origin", "content-length", "transfer-encoding",
                                      "content-encoding", "content-type", "expect"}) {
    const auto is_this = [&](const auto& header) { return header.first == name; };
    if (std::ranges::count_if(headers, is_this) > 1) {
      return refuse(fmt::format("there is more than one {} header", name)).error();
    }
  }
  return std::nullopt;
}

std::optional<HeadFault> check_framing(const HttpHead& head) {
  const std::string* coding = find_header(head.headers, "transfer-encoding");
  const std::string* length = find_header(head.headers, "content-length");
  if (length != nullptr) {
    uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
    if (error != std::errc() || end != length->data() + length->size()) {
      return refuse(
                 fmt::format("Content-Length \"{}\" is no number of bytes", printable(length->substr(0, 40))))
          .error();
    }
  }
  if (coding == nullptr) return std::nullopt;
  if (to_lower_ascii(*coding) != "chunked") {
    return refuse(fmt::format("Transfer-Encoding \"{}\" is not known here, only chunked",
                              printable(coding->substr(0, 40))))
        .error();
  }
  if (length != nullptr) return refuse("there are both Content-Length and Transfer-Encoding").error();
  if (!head.is_http_1_1) return refuse("HTTP/1.0 has no Transfer-Encoding").error();
  return std::nullopt;
}

// "host:port" of a target like "http://host:port/path", which clients of a proxy send.
std::optional<std::string_view> authority_of(std::string_view target) {
  const size_t separator = target.find("://");
  if (separator == std::string_view::npos) return std::nullopt;
  const std::string scheme = to_lower_ascii(target.substr(0, separator));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const std::string_view rest = target.substr(separator + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

std::optional<HeadFault> read_host(HttpHead& head) {
  if (const std::string* host = find_header(head.headers, "host")) head.host = *host;
  if (!head.host && head.is_http_1_1) return refuse("there is no Host header").error();
  if (head.target.starts_with('/') || head.target == "*") return std::nullopt;
  const auto authority = authority_of(head.target);
  if (!authority) return refuse("the target must be a path, or a URL of http").error();
  if (head.host && to_lower_ascii(*head.host) != to_lower_ascii(*authority)) {
    return refuse("the target and the Host header name different hosts").error();
  }
  head.host = std::string(*authority);
  return std::nullopt;
}

}  // namespace

size_t count_empty_lines(std::string_view bytes) {
  size_t count = 0;
  while (bytes.substr(count).starts_with(line_end)) count += line_end.size();
  return count;
}

std::expected<std::optional<size_t>, HeadFault> find_head_end(std::string_view bytes, size_t searched) {
  constexpr std::string_view tls_handshake = "\x16\x03";
  if (bytes.starts_with(tls_handshake)) {
    return refuse("this port speaks HTTP without TLS: begin the address with http://, not https://");
  }
  // The last bytes searched before may be the beginning of a line's or the head's end.
  const size_t begin = searched < head_end.size() ? 0 : searched - (head_end.size() - 1);
  for (size_t i = begin; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == '\n' && (i == 0 || bytes[i - 1] != '\r'))
      return no_http("a line ends without a carriage return");
    if (c == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') {
      return no_http("a carriage return stands within a line");
    }
    if (is_control(c) && c != '\r' && c != '\n' && c != '\t')
      return no_http("the head has control characters");
    if (c == '\n' && i >= 3 && bytes.substr(i - 3, head_end.size()) == head_end) return std::optional(i + 1);
  }
  return std::optional<size_t>();
}

std::expected<HttpHead, HeadFault> parse_head(std::string_view text) {
  HttpHead head;
  if (auto fault = read_request_line(take_line(text), head)) return std::unexpected(*std::move(fault));
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    if (auto fault = read_header(line, head)) return std::unexpected(*std::move(fault));
  }
  if (auto fault = check_single(head.headers)) return std::unexpected(*std::move(fault));
  if (auto fault = check_framing(head)) return std::unexpected(*std::move(fault));
  if (auto fault = read_host(head)) return std::unexpected(*std::move(fault));
  return head;
}

}  // namespace shoal
