// What this machine is and how fast it reads its memory.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "cluster/node_report.h"
#include "kernels/kernels.h"

namespace shoal {

// Measures for about 0.3 s with `thread_count` threads. free_bytes is the most that shards may ever take:
// `memory_limit_bytes`, else all of the machine's memory.
Result<DeviceReport> make_device_report(Isa isa, int64_t thread_count,
                                        std::optional<int64_t> memory_limit_bytes);

// What could be allocated on this machine now, a reserve for everybody else left out.
int64_t allocatable_bytes();

}  // namespace shoal
