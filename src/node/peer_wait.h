// What --wait-for-peers says while it waits: for whom, and why they are not there. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "node/node_settings.h"
#include "service/cluster_view.h"

namespace shoal {

std::string describe_wait(const ClusterView& cluster, int64_t wanted, const DiscoverySettings& discovery);

}  // namespace shoal
