#include "service/cluster_knowledge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

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
    for (const ModelReport& model : report.models) {
      if (model.problem.empty()) models.insert(model.name);
    }
    for (const ShardReport& shard : report.shards) models.insert(shard.instance);
  }
  return {models.begin(), models.end()};
}

std::vector<NodeReport> nodes_with_files(std::span<const NodeReport> reports, const std::string& model) {
  std::vector<NodeReport> nodes;
  for (const NodeReport& report : reports) {
    const ModelReport* found = find_model(report, model);
    if (found != nullptr && found->problem.empty()) nodes.push_back(report);
  }
  return nodes;
}

const ModelReport* find_model(const NodeReport& report, const std::string& model) {
  const auto found = std::ranges::find(report.models, model, &ModelReport::name);
  return found == report.models.end() ? nullptr : &*found;
}

std::string describe_problem(std::span<const NodeReport> reports, const std::string& model) {
  std::string text;
  for (const NodeReport& report : reports) {
    const ModelReport* found = find_model(report, model);
    if (found == nullptr) continue;
    if (found->problem.empty()) return {};
    text += fmt::format("{}node {}: {}", text.empty() ? "" : "; ", report.node, found->problem);
  }
  return text;
}

namespace {

struct Holder {
  const NodeReport* node;
  const ModelReport* model;
};

bool has_same_files(const Holder& a, const Holder& b) {
  return have_same_content(a.model->fingerprint, b.model->fingerprint);
}

std::vector<Holder> in_order_of_content(const std::vector<Holder>& holders) {
  const auto room_of_content = [&](const Holder& holder) {
    int64_t bytes = 0;
    for (const Holder& other : holders) {
      if (!has_same_files(other, holder)) continue;
      if (__builtin_add_overflow(bytes, other.node->device.free_bytes, &bytes)) {
        return std::numeric_limits<int64_t>::max();
      }
    }
    return bytes;
  };
  std::vector<std::pair<int64_t, Holder>> ordered;
  for (const Holder& holder : holders) ordered.emplace_back(room_of_content(holder), holder);
  std::ranges::sort(ordered, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second.node->node < b.second.node->node;
  });
  std::vector<Holder> sorted;
  for (const auto& [room, holder] : ordered) sorted.push_back(holder);
  return sorted;
}

// The holder whose files count; `ordered` is not empty.
const Holder& reference_of(std::span<const NodeReport> reports, const std::string& model,
                           const std::vector<Holder>& ordered, const NodeId& own) {
  const auto holder_of = [&](const NodeId& node) {
    return std::ranges::find_if(ordered, [&](const Holder& holder) { return holder.node->node == node; });
  };
  const auto location = find_instance(reports, model);
  auto found = location ? holder_of(location->head) : ordered.end();
  if (found == ordered.end()) found = holder_of(own);
  return found == ordered.end() ? ordered.front() : *found;
}

}  // namespace

std::vector<NodeId> by_content(std::span<const NodeReport> nodes, const std::string& model) {
  std::vector<Holder> holders;
  for (const NodeReport& node : nodes) {
    if (const ModelReport* found = find_model(node, model)) holders.push_back({&node, found});
  }
  std::vector<NodeId> ids;
  for (const Holder& holder : in_order_of_content(holders)) ids.push_back(holder.node->node);
  return ids;
}

std::vector<std::string> describe_differences(std::span<const NodeReport> reports, const NodeId& own) {
  std::map<std::string, std::vector<Holder>> holders_of;
  for (const NodeReport& report : reports) {
    for (const ModelReport& model : report.models) {
      if (model.problem.empty()) holders_of[model.name].push_back({&report, &model});
    }
  }
  std::vector<std::string> differences;
  for (const auto& [model, holders] : holders_of) {
    const auto differs = [&](const Holder& holder) { return !has_same_files(holder, holders.front()); };
    if (std::ranges::none_of(holders, differs)) continue;
    const std::vector<Holder> ordered = in_order_of_content(holders);
    const Holder& counts = reference_of(reports, model, ordered, own);
    for (const Holder& holder : ordered) {
      const std::string difference =
          describe_difference(holder.model->fingerprint, counts.model->fingerprint);
      if (difference.empty()) continue;
      differences.push_back(
          fmt::format("node {} has other files of {} than node {}, so the two do not work on it together: "
                      "{}. Copy the files "
                      "of one to the other",
                      holder.node->node, model, counts.node->node, difference));
    }
  }
  return differences;
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
