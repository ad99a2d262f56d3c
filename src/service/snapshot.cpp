#include "service/snapshot.h"

#include <utility>

#include "service/cluster_knowledge.h"

namespace shoal {

void Snapshot::put(NodeReport report) {
  MutexLock lock(mutex_);
  reports_.put(std::move(report));
}

void Snapshot::remove(const NodeId& node) {
  MutexLock lock(mutex_);
  reports_.remove(node);
}

void Snapshot::publish(ServiceStatus status, std::map<std::string, int64_t> context_lengths,
                       std::vector<std::string> warnings) {
  MutexLock lock(mutex_);
  status_ = std::move(status);
  context_lengths_ = std::move(context_lengths);
  warnings_ = std::move(warnings);
}

ClusterView Snapshot::cluster() const {
  ClusterView view;
  {
    MutexLock lock(mutex_);
    view.nodes.assign(reports_.all().begin(), reports_.all().end());
    view.warnings = warnings_;
  }
  const NodeReport& own = view.nodes.front();
  view.own_node = own.node;
  // Every node is connected to every other that it sees; how, only net knows.
  for (size_t i = 1; i < view.nodes.size(); ++i) {
    const NodeReport& peer = view.nodes[i];
    view.links.push_back({.from = own.node, .to = peer.node, .description = peer.address});
    view.links.push_back({.from = peer.node, .to = own.node, .description = peer.address});
  }
  return view;
}

std::vector<ModelView> Snapshot::models() const {
  std::vector<NodeReport> reports;
  std::map<std::string, int64_t> context_lengths;
  {
    MutexLock lock(mutex_);
    reports.assign(reports_.all().begin(), reports_.all().end());
    context_lengths = context_lengths_;
  }
  std::vector<ModelView> models;
  for (const std::string& name : known_models(reports)) {
    const auto location = find_instance(reports, name);
    const auto length = context_lengths.find(name);
    models.push_back({.name = name,
                      .is_loaded = location.has_value() && location->is_loaded,
                      .context_length = length != context_lengths.end() ? length->second : 0});
  }
  return models;
}

ServiceStatus Snapshot::status() const {
  MutexLock lock(mutex_);
  return status_;
}

NodeReport Snapshot::own_report() const {
  MutexLock lock(mutex_);
  return reports_.own();
}

}  // namespace shoal
