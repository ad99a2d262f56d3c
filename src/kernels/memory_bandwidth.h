// Measures how fast this machine's memory can be read, the limit that decode is compared with.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_team.h"

namespace shoal {

// Larger than any cache of an everyday device.
inline constexpr int64_t bandwidth_buffer_bytes = int64_t{256} << 20;

// Bytes per second that all members of the team together read from a buffer in 2 MB pages: the best of
// several passes, about 0.3 s in all. resource_exhausted when there is no memory for the buffer.
Result<double> measure_read_bandwidth(ThreadTeam& team, int64_t buffer_bytes,
                                      const Clock& clock = SteadyClock());

}  // namespace shoal
