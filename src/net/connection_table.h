// All connections that have not ended, and what each is to its node: for each node at most one is dialled,
// one accepted and one joined, and a connection is only one of these. Everything runs on the network's loop.
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
  // An `accepted` connection has said hello and is neither parked nor joined; a `dialled` one has not joined.
  enum class Standing : uint8_t { none, dialled, accepted, joined };

  // Counts the connection until remove(). A dialled one is found by the node that it should reach.
  void add(const Pointer& connection);
  void add_dialled(const Pointer& connection);
  void accept(const Pointer& connection);
  // Makes this the connection of its node, which has no dialled or accepted one from then on.
  void join(const Pointer& connection);
  // Returns what the connection was until now.
  Standing remove(const Pointer& connection);

  // Null when there is none.
  Pointer find_dialled(const NodeId& node) const { return find(dialled_, node); }
  Pointer find_joined(const NodeId& node) const { return find(joined_, node); }
  bool is_joined_or_accepted(const NodeId& node) const {
    return joined_.contains(node) || accepted_.contains(node);
  }

  int64_t count() const { return std::ssize(all_); }
  // How many connections were opened from this address by others, joined ones included.
  int64_t count_from(const std::string& address) const;
  std::vector<Pointer> all() const { return {all_.begin(), all_.end()}; }
  std::vector<Pointer> parked(const NodeId& node) const;

 private:
  using ByNode = std::map<NodeId, Pointer>;
  static Pointer find(const ByNode& connections, const NodeId& node);

  std::set<Pointer> all_;
  ByNode dialled_, accepted_, joined_;
};

}  // namespace shoal
