// Decides who may call. A web page elsewhere must not drive a node of this network, neither by posting to it
// nor by giving its own name the node's address (DNS rebinding).
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
  to_be_looked_up,  // a name that may be this machine's: ask OwnNames
};

// `host` is the name or address by which the request calls this node, `own_address` the one to which its
// connection came. Of addresses, every one that no router forwards from outside counts as this node's,
// because behind a container's or a virtual machine's network a node does not know its own.
HostStanding judge_host(const AccessRules& rules, const HostAndPort& host, std::string_view own_address);
Error foreign_host_error(const HostAndPort& host);

// Whether the page comes from the address that the request calls.
bool is_same_origin(std::string_view origin, const HostAndPort& host);
// Whether pages of this origin may call: those of this machine's own servers and programs, and those that the
// rules allow. "null" must be allowed by a rule, because a frame without rights has that origin on any site.
bool is_allowed_origin(const AccessRules& rules, std::string_view origin);
bool allows_every_origin(const AccessRules& rules);

// invalid_argument names the option and says what is expected. The final slash of an origin is removed.
Result<AccessRules> check_access_rules(AccessRules rules);

bool is_loopback_address(std::string_view address);
// True for loopback, private, link-local, unique-local and carrier-grade (100.64/10) addresses.
bool is_private_address(std::string_view address);

}  // namespace shoal
