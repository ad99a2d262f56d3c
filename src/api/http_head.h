// The head of a request, read to the letter of RFC 9112: what two readers could take for different requests
// is refused, so that nothing is smuggled past a proxy. Pure.
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

// How many bytes of empty lines stand before the request.
size_t count_empty_lines(std::string_view bytes);

// Where the head ends, behind its empty line; nullopt: more has to come. What can be no head is told at once.
// `searched` bytes have been looked at before.
std::expected<std::optional<size_t>, HeadFault> find_head_end(std::string_view bytes, size_t searched);

struct HttpHead {
  std::string method;
  std::string target;  // as it was written
  bool is_http_1_1 = true;
  HttpHeaders headers;              // names in lower case
  std::optional<std::string> host;  // of an absolute target, else of the Host header
};

// `head` up to and including its empty line.
std::expected<HttpHead, HeadFault> parse_head(std::string_view head);

}  // namespace shoal
