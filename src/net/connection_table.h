// Which connections there are, and what each is to its node: for each node at most one is dialled, one
// accepted and one joined, and a connection is only one of these. On the network's loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/connection.h"

namespace shoal {

class ConnectionTable {
 public:
  using Pointer = std::shared_ptr<Connection>;
  // `accepted`: has said hello, not yet joined, nor parked. `dialled`: not yet joined.
  enum class Standing : uint8_t { none, dialled, accepted, joined };

  // Counted from now until remove(); a dialled one stands for the node that it should reach.
  void add(const Pointer& connection);
  void add_dialled(const Pointer& connection);
  void accept(const Pointer& connection);
  // The connection of its node: what was dialled or accepted for that no longer is.
  void join(const Pointer& connection);
  // What it was until now.
  Standing remove(const Pointer& connection);

  // Null when there is none.
  Pointer find_dialled(const NodeId& node) const { return find(dialled_, node); }
  Pointer find_joined(const NodeId& node) const { return find(joined_, node); }
  bool is_joined_or_accepted(const NodeId& node) const {
    return joined_.contains(node) || accepted_.contains(node);
  }

  int64_t count() const { return std::ssize(all_); }
  // Accepted ones that come from there.
  int64_t count_from(const std::string& address) const;
  std::vector<Pointer> all() const { return {all_.begin(), all_.end()}; }
  std::vector<Pointer> parked(const NodeId& node) const;

 private:
  using ByNode = std::map<NodeId, Pointer>;
  static Pointer find(const ByNode& connections, const NodeId& node);

  std::set<Pointer> all_;  // that have not ended
  ByNode dialled_, accepted_, joined_;
};

}  // namespace shoal
