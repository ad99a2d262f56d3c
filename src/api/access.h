// Who may call: a web page elsewhere must not drive a node of this network, neither by posting to it nor by
// giving its own name the node's address (DNS rebinding).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

struct AccessRules {
  std::string own_host_name;
  std::vector<std::string> allowed_hosts;    // names, without port
  std::vector<std::string> allowed_origins;  // "https://chat.example"
};

// permission_denied when the Host is a name that is not this node's, or the Origin that of another site. A
// request without Origin comes from no page.
Result<void> check_access(const AccessRules& rules, const std::optional<std::string>& host,
                          const std::optional<std::string>& origin);

bool is_allowed_origin(const AccessRules& rules, std::string_view origin);

bool is_loopback_address(const std::string& address);
// Loopback, private, link-local, unique-local, carrier-grade (100.64/10).
bool is_private_address(const std::string& address);

}  // namespace shoal
