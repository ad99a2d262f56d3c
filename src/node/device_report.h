// What this machine is, what of it this process may use, and how fast it reads its memory.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "cluster/node_report.h"
#include "kernels/kernels.h"
#include "service/service_settings.h"

namespace shoal {

// Measures for about 0.3 s with `thread_count` threads. free_bytes is the most that shards may ever take:
// `memory_limit_bytes`, else all of the machine's memory that this process may use. resource_exhausted where
// that is too little for a node.
Result<DeviceReport> make_device_report(Isa isa, int64_t thread_count,
                                        std::optional<int64_t> memory_limit_bytes);

// What could be allocated now, a reserve for everybody else and for the node's own needs left out.
FreeMemory measure_free_memory();

}  // namespace shoal
