#include "node/device_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/os.h"
#include "base/thread_team.h"
#include "cluster/room.h"
#include "kernels/memory_bandwidth.h"

namespace shoal {
namespace {

// For code, stacks, connections and messages of a node that holds nothing; 25 MB were measured.
constexpr int64_t least_node_bytes = int64_t{32} << 20;

int64_t less_reserve(int64_t free_bytes, int64_t total_bytes) {
  return std::max<int64_t>(free_bytes - total_bytes / 32, 0);
}

// The least memory that any limit leaves now, of how much, and `whose` limit it is.
struct LeastFree {
  int64_t bytes;
  int64_t of_bytes;
  std::string whose;
};

LeastFree least_free() {
  const os::MemoryStatus machine = os::memory_status();
  LeastFree least{.bytes = machine.available_bytes, .of_bytes = machine.total_bytes, .whose = "this machine"};
  for (const os::MemoryLimit& limit : os::memory_limits()) {
    if (limit.free_bytes >= least.bytes) continue;
    least = {.bytes = limit.free_bytes, .of_bytes = limit.limit_bytes, .whose = limit.name};
  }
  return least;
}

// The memory that this process may use under all limits.
int64_t usable_bytes() {
  int64_t bytes = os::memory_status().total_bytes;
  for (const os::MemoryLimit& limit : os::memory_limits()) bytes = std::min(bytes, limit.limit_bytes);
  return bytes;
}

// Larger than the caches if there is room for that; otherwise what there is, because even that says
// something.
int64_t bandwidth_buffer(int64_t free_bytes) { return std::min(bandwidth_buffer_bytes, free_bytes / 4); }

}  // namespace

FreeMemory measure_free_memory() {
  const os::MemoryStatus machine = os::memory_status();
  FreeMemory free{.machine_bytes = less_reserve(machine.available_bytes, machine.total_bytes), .groups = {}};
  for (const os::MemoryLimit& limit : os::memory_limits()) {
    if (limit.limit_bytes >= machine.total_bytes) continue;  // it narrows nothing
    free.groups.push_back(
        {.id = limit.group, .free_bytes = less_reserve(limit.free_bytes, limit.limit_bytes)});
  }
  return free;
}

Result<DeviceReport> make_device_report(Isa isa, int64_t thread_count,
                                        std::optional<int64_t> memory_limit_bytes) {
  const LeastFree free = least_free();
  if (free.bytes < least_node_bytes) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("{} has {} of {} free, a node needs {}", free.whose, format_bytes(free.bytes),
                            format_bytes(free.of_bytes), format_bytes(least_node_bytes)));
  }
  const auto team = ThreadTeam::create(thread_count);
  if (!team) return fail(team.error());
  const auto bandwidth = measure_read_bandwidth(**team, bandwidth_buffer(free.bytes));
  if (!bandwidth) return fail(bandwidth.error(), "measuring the memory's speed");
  const int64_t usable = usable_bytes();
  const int64_t most = std::min(usable, memory_limit_bytes.value_or(usable));
  return DeviceReport{.device_model = os::host_name(),
                      .chip = os::processor_name(),
                      .machine = os::machine_id(),
                      .isa = std::string(isa_name(isa)),
                      .core_count = os::processor_count(),
                      .memory_bytes = most,
                      .free_bytes = most,
                      .machine_free_bytes = measure_free_memory().machine_bytes,
                      .read_bandwidth = *bandwidth,
                      .flops_fp32 = 0,
                      .flops_fp16 = 0,
                      .flops_int8 = 0};
}

}  // namespace shoal
