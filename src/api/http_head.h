// Reads the head of a request strictly by RFC 9112: whatever two readers could take for different requests is
// refused, so that nothing can be smuggled past a proxy. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace shoal {

struct HeadFault {
  int32_t status;
  std::string message;
};

// The bytes of empty lines in front of the request.
size_t count_empty_lines(std::string_view bytes);

// The offset behind the head's empty line; nullopt when more bytes have to come. Bytes that cannot be a head
// are an error at once. The first `searched` bytes were searched before.
std::expected<std::optional<size_t>, HeadFault> find_head_end(std::string_view bytes, size_t searched);

struct HttpHead {
  std::string method;
  std::string target;  // as in the request
  bool is_http_1_1 = true;
  HttpHeaders headers;              // names in lower case
  std::optional<std::string> host;  // from an absolute target, else from the Host header
};

// `head` ends with its empty line.
std::expected<HttpHead, HeadFault> parse_head(std::string_view head);

}  // namespace shoal
