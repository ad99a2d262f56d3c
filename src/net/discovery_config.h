// discovery.json: peers with fixed addresses, as exo's users write it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/discovery.h"

namespace shoal {

// In the order of the file. invalid_argument: "NAME:LINE:COLUMN: FIELD: what is wrong". device_capabilities
// may be missing, as may any of its fields; fields that are not known are ignored.
Result<std::vector<PeerCandidate>> parse_discovery_config(std::string_view text, std::string_view name);

}  // namespace shoal
