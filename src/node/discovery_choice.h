// Makes the discovery that the settings ask for.
#pragma once

#include <memory>

#include "base/error.h"
#include "cluster/discovery.h"
#include "node/node_settings.h"

namespace shoal {

// Replaces what was found of the device by what the node's own entry of discovery.json declares, where people
// see it; plans use what was measured. An error when the file is missing or wrong.
Result<void> declare_device(const NodeSettings& settings, DeviceReport& device);

// nullptr for DiscoveryModule::none. Errors name the file, or the port that is in use.
Result<std::unique_ptr<Discovery>> make_discovery(const NodeSettings& settings, const NodeReport& own);

}  // namespace shoal
