#include "service/cluster_knowledge.h"

#include <algorithm>

namespace shoal {

std::optional<InstanceLocation> find_instance(std::span<const NodeReport> reports,
                                              const InstanceId& instance) {
  std::optional<InstanceLocation> best;
  for (const NodeReport& report : reports) {
    for (const ShardReport& shard : report.shards) {
      if (!shard.is_head || shard.instance != instance) continue;
      if (best.has_value() && shard.epoch <= best->epoch) continue;
      best = InstanceLocation{.head = report.node, .epoch = shard.epoch, .is_loaded = shard.is_loaded};
    }
  }
  return best;
}

LoadedBytes loaded_bytes(std::span<const NodeReport> reports, const InstanceId& instance,
                         const Epoch& epoch) {
  LoadedBytes bytes{.done = 0, .total = 0};
  for (const NodeReport& report : reports) {
    for (const ShardReport& shard : report.shards) {
      if (shard.instance != instance || shard.epoch != epoch) continue;
      bytes.done += shard.bytes_loaded;
      bytes.total += shard.bytes_total;
    }
  }
  return bytes;
}

std::vector<std::string> known_models(std::span<const NodeReport> reports) {
  std::set<std::string> models;
  for (const NodeReport& report : reports) {
    models.insert(report.models.begin(), report.models.end());
    for (const ShardReport& shard : report.shards) models.insert(shard.instance);
  }
  return {models.begin(), models.end()};
}

std::vector<NodeReport> nodes_with_files(std::span<const NodeReport> reports, const std::string& model) {
  std::vector<NodeReport> nodes;
  for (const NodeReport& report : reports) {
    if (std::ranges::find(report.models, model) != report.models.end()) nodes.push_back(report);
  }
  return nodes;
}

std::vector<InstanceUse> instances_by_use(std::span<const NodeReport> reports) {
  std::vector<InstanceUse> uses;
  for (const NodeReport& report : reports) {
    for (const ShardReport& shard : report.shards) {
      if (!shard.is_head) continue;
      uses.push_back({.instance = shard.instance, .idle_ms = shard.is_loaded ? shard.last_used_ms_ago : 0});
    }
  }
  std::ranges::stable_sort(uses, std::ranges::greater(), &InstanceUse::idle_ms);
  return uses;
}

std::vector<NodeReport> without_instances(std::vector<NodeReport> reports,
                                          const std::set<InstanceId>& unloaded) {
  for (NodeReport& holder : reports) {
    int64_t given_back = 0;
    for (const ShardReport& shard : holder.shards) {
      if (unloaded.contains(shard.instance)) given_back += shard.held_bytes;
    }
    std::erase_if(holder.shards, [&](const ShardReport& shard) { return unloaded.contains(shard.instance); });
    holder.device.free_bytes += given_back;
    for (NodeReport& other : reports) {
      const bool shares = &other == &holder ||
                          (!holder.device.machine.empty() && other.device.machine == holder.device.machine);
      if (shares && other.device.machine_free_bytes > 0) other.device.machine_free_bytes += given_back;
      for (MemoryGroup& group : other.device.memory_groups) {
        if (shares && find_group(holder.device, group.id) != nullptr) group.free_bytes += given_back;
      }
    }
  }
  return reports;
}

}  // namespace shoal
