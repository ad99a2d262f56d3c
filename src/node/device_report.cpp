#include "node/device_report.h"

#include <algorithm>

#include "base/os.h"
#include "base/thread_team.h"
#include "kernels/memory_bandwidth.h"

namespace shoal {

int64_t allocatable_bytes() {
  const os::MemoryStatus memory = os::memory_status();
  const int64_t reserve = memory.total_bytes / 32;
  return std::max<int64_t>(memory.available_bytes - reserve, 0);
}

Result<DeviceReport> make_device_report(Isa isa, int64_t thread_count,
                                        std::optional<int64_t> memory_limit_bytes) {
  ThreadTeam team(thread_count);
  const auto bandwidth = measure_read_bandwidth(team, bandwidth_buffer_bytes);
  if (!bandwidth) return fail(bandwidth.error(), "measuring the memory's speed");
  const int64_t total_bytes = os::memory_status().total_bytes;
  return DeviceReport{.device_model = os::host_name(),
                      .chip = os::processor_name(),
                      .machine = os::machine_id(),
                      .isa = std::string(isa_name(isa)),
                      .core_count = static_cast<int64_t>(os::allowed_processors().size()),
                      .memory_bytes = total_bytes,
                      .free_bytes = std::min(total_bytes, memory_limit_bytes.value_or(total_bytes)),
                      .machine_free_bytes = allocatable_bytes(),
                      .read_bandwidth = *bandwidth,
                      .flops_fp32 = 0,
                      .flops_fp16 = 0,
                      .flops_int8 = 0};
}

}  // namespace shoal
