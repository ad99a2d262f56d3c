#include "cluster/report_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace shoal {
namespace {

// No machine will have more for years; and sums over all nodes of a cluster stay far from overflow.
constexpr int64_t byte_limit = int64_t{1} << 46;
constexpr int64_t core_limit = 1 << 16;
constexpr int64_t layer_limit = 100'000;
constexpr int64_t memory_group_limit = 64;
constexpr double rate_limit = 1e18;  // bytes or operations per second

class Checks {
 public:
  explicit Checks(const NodeReport& report) : node_(report.node) {}

  void within(int64_t value, int64_t low, int64_t high, std::string_view field) {
    if (value < low || value > high)
      refuse(fmt::format("{} {}, not within {} and {}", field, value, low, high));
  }
  void rate(double value, std::string_view field) {
    if (!(value >= 0 && value <= rate_limit))
      refuse(fmt::format("{} {}, not within 0 and {}", field, value, rate_limit));
  }
  void refuse(std::string what) {
    if (result_) result_ = fail(ErrorCode::invalid_argument, fmt::format("node {} reports {}", node_, what));
  }
  Result<void> result() const { return result_; }

 private:
  const NodeId& node_;
  Result<void> result_;
};

void check_device(const DeviceReport& device, Checks& checks) {
  checks.within(device.core_count, 0, core_limit, "cores:");
  checks.within(device.memory_bytes, 0, byte_limit, "bytes of memory:");
  // Free memory is no more than the whole where that is known; the whole machine may have more free than a
  // limited node may take.
  const int64_t most = device.memory_bytes > 0 ? device.memory_bytes : byte_limit;
  checks.within(device.free_bytes, 0, most, "free bytes:");
  checks.within(device.machine_free_bytes, 0, byte_limit, "free bytes of its machine:");
  checks.within(std::ssize(device.memory_groups), 0, memory_group_limit, "groups that share memory:");
  for (const MemoryGroup& group : device.memory_groups) {
    checks.within(group.free_bytes, 0, byte_limit, "free bytes of a group:");
  }
  checks.within(device.declared_memory_bytes, 0, byte_limit * 1024, "declared bytes of memory:");
  checks.rate(device.read_bandwidth, "bytes read per second:");
  checks.rate(device.flops_fp32, "fp32 operations:");
  checks.rate(device.flops_fp16, "fp16 operations:");
  checks.rate(device.flops_int8, "int8 operations:");
}

void check_shard(const ShardReport& shard, Checks& checks) {
  checks.within(shard.first_layer, 0, layer_limit, "a shard's first layer:");
  checks.within(shard.end_layer, shard.first_layer, layer_limit, "a shard's last layer:");
  checks.within(shard.bytes_total, 0, byte_limit, "a shard's bytes:");
  checks.within(shard.bytes_loaded, 0, byte_limit, "a shard's loaded bytes:");
  checks.within(shard.held_bytes, 0, byte_limit, "bytes held by a shard:");
  checks.within(shard.last_used_ms_ago, 0, int64_t{1} << 60, "a shard's last use, in ms:");
}

}  // namespace

int64_t reportable_models(const std::vector<ModelReport>& models) {
  int64_t count = 0, bytes = 0;
  for (const ModelReport& model : models) {
    bytes += std::ssize(model.name) + std::ssize(model.problem);
    if (count >= report_model_limit || bytes > report_name_bytes_limit) break;
    ++count;
  }
  return count;
}

Result<void> check_report(const NodeReport& report) {
  Checks checks(report);
  check_device(report.device, checks);
  checks.within(std::ssize(report.shards), 0, report_shard_limit, "shards:");
  std::set<InstanceId> instances;
  for (const ShardReport& shard : report.shards) {
    check_shard(shard, checks);
    if (!instances.insert(shard.instance).second)
      checks.refuse(fmt::format("two shards of {}", shard.instance));
  }
  const int64_t room = reportable_models(report.models);
  if (room < std::ssize(report.models)) {
    checks.refuse(fmt::format("{} models, of whose names {} have room", report.models.size(), room));
  }
  return checks.result();
}

}  // namespace shoal
