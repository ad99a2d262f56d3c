// Describes this machine: what it is, how much of it this process may use, and how fast it reads its memory.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "cluster/node_report.h"
#include "kernels/kernels.h"
#include "service/service_settings.h"

namespace shoal {

// Measures for about 0.3 s with `thread_count` threads. free_bytes becomes the most that shards may ever
// take: `memory_limit_bytes`, else all of the machine's memory that this process may use. resource_exhausted
// when that is too little for a node.
Result<DeviceReport> make_device_report(Isa isa, int64_t thread_count,
                                        std::optional<int64_t> memory_limit_bytes);

// The memory that could be allocated now, without a reserve for other programs and for the node's own needs.
FreeMemory measure_free_memory();

}  // namespace shoal
