// Splits the authority of a URL or a Host header, strictly by RFC 3986. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

struct HostAndPort {
  std::string host;  // a name or an address, in lower case, without brackets, zone and final dot
  std::string port;  // empty when there is none
  bool is_address = false;

  bool operator==(const HostAndPort&) const = default;
};

// Accepts "name:port", "10.0.0.1", "[fd00::1]:port". nullopt for everything else: a user before @, escapes,
// names that end in a number but are no address.
std::optional<HostAndPort> parse_host(std::string_view text);

}  // namespace shoal
