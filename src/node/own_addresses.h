// The addresses of this machine that one types on another device. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/os.h"

namespace shoal {

// One for each network, the best first, as it stands in a URL: "192.168.1.5", "[fd00::5]". `host`: what is
// listened on; "::" and "0.0.0.0" are all.
std::vector<std::string> own_addresses(const std::string& host,
                                       const std::vector<os::InterfaceAddress>& interfaces);

}  // namespace shoal
