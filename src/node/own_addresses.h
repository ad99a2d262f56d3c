// Chooses the addresses of this machine that a person types on another device. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/os.h"

namespace shoal {

// One address for each network, the best first, as they stand in a URL: "192.168.1.5", "[fd00::5]". `host` is
// the address that is listened on; "::" and "0.0.0.0" mean all.
std::vector<std::string> own_addresses(const std::string& host,
                                       const std::vector<os::InterfaceAddress>& interfaces);

}  // namespace shoal
