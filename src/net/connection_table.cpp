#include "net/connection_table.h"

#include <algorithm>

namespace shoal {

void ConnectionTable::add(const Pointer& connection) { all_.insert(connection); }

void ConnectionTable::add_dialled(const Pointer& connection) {
  add(connection);
  dialled_[connection->settings().expected] = connection;
}

void ConnectionTable::accept(const Pointer& connection) { accepted_[connection->report.node] = connection; }

void ConnectionTable::join(const Pointer& connection) {
  const NodeId& node = connection->report.node;
  dialled_.erase(node);
  accepted_.erase(node);
  joined_[node] = connection;
}

ConnectionTable::Standing ConnectionTable::remove(const Pointer& connection) {
  auto erase_from = [&](ByNode& connections, const NodeId& node) {
    const auto found = connections.find(node);
    if (found == connections.end() || found->second != connection) return false;
    connections.erase(found);
    return true;
  };
  all_.erase(connection);
  if (erase_from(joined_, connection->report.node)) return Standing::joined;
  if (erase_from(dialled_, connection->settings().expected)) return Standing::dialled;
  if (erase_from(accepted_, connection->report.node)) return Standing::accepted;
  return Standing::none;
}

int64_t ConnectionTable::count_from(const std::string& address) const {
  return std::ranges::count_if(all_, [&](const Pointer& connection) {
    return !connection->settings().is_dialled && connection->settings().address == address;
  });
}

std::vector<ConnectionTable::Pointer> ConnectionTable::parked(const NodeId& node) const {
  std::vector<Pointer> parked;
  for (const Pointer& connection : all_) {
    if (connection->phase == Connection::Phase::parked && connection->report.node == node)
      parked.push_back(connection);
  }
  return parked;
}

ConnectionTable::Pointer ConnectionTable::find(const ByNode& connections, const NodeId& node) {
  const auto found = connections.find(node);
  return found == connections.end() ? nullptr : found->second;
}

}  // namespace shoal
