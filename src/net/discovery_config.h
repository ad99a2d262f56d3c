// discovery.json: peers with fixed addresses, as exo's users write it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/discovery.h"

namespace shoal {

// Gives the peers in the order of the file, or invalid_argument with "NAME:LINE:COLUMN: what is wrong", where
// columns count bytes. device_capabilities may be missing, as may any of its fields; unknown fields are
// ignored.
Result<std::vector<PeerCandidate>> parse_discovery_config(std::string_view text, std::string_view name);

}  // namespace shoal
