// The text that --wait-for-peers shows while it waits: how many peers are missing, and why. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "node/node_settings.h"
#include "service/cluster_view.h"

namespace shoal {

std::string describe_wait(const ClusterView& cluster, int64_t wanted, const DiscoverySettings& discovery);

}  // namespace shoal
