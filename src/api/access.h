// Who may call: a web page elsewhere must not drive a node of this network, neither by posting to it nor by
// giving its own name the node's address (DNS rebinding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/host_name.h"
#include "base/error.h"

namespace shoal {

struct AccessRules {
  std::string own_host_name = {};
  std::vector<std::string> allowed_hosts = {};    // without port: "chat.example", "*.example", "*"
  std::vector<std::string> allowed_origins = {};  // "https://chat.example", "https://*.example", "null", "*"
};

enum class HostStanding : uint8_t {
  own,
  foreign,
  to_be_looked_up,  // a name that may be this machine's: OwnNames knows
};

// `host` is what the request calls this node, `own_address` what its connection has come to. Of addresses all
// that no router forwards from outside are this node's: behind a container's or a virtual machine's network
// it does not know its own.
HostStanding judge_host(const AccessRules& rules, const HostAndPort& host, std::string_view own_address);
Error foreign_host_error(const HostAndPort& host);

// The page's own address is the one it calls.
bool is_same_origin(std::string_view origin, const HostAndPort& host);
// Pages of this machine's own servers and programs, and those that the rules let in. "null" is not among the
// former: a frame without rights has it on any site.
bool is_allowed_origin(const AccessRules& rules, std::string_view origin);
bool allows_every_origin(const AccessRules& rules);

// invalid_argument names the option and says what is expected. A final slash of an origin is dropped.
Result<AccessRules> check_access_rules(AccessRules rules);

bool is_loopback_address(std::string_view address);
// Loopback, private, link-local, unique-local, carrier-grade (100.64/10).
bool is_private_address(std::string_view address);

}  // namespace shoal
