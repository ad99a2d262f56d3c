// The connected nodes and the missing ones, for the threads that do not own the connections. Any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "cluster/missing_peer.h"
#include "net/connection.h"
#include "net/outbox.h"

namespace shoal {

struct PeerHandle {
  std::shared_ptr<Outbox> control, ring;
  std::weak_ptr<Connection> connection;   // to be locked on the loop only
  std::atomic<bool> ring_wanted = false;  // somebody has a link to the node
};

class PeerHandles {
 public:
  // Null when the node is not connected.
  std::shared_ptr<PeerHandle> find(const NodeId& node);

  // False after close().
  bool add(const NodeId& node, std::shared_ptr<PeerHandle> handle);
  void remove(const NodeId& node);
  // Forgets all nodes, and takes no more.
  void close();

  void set_missing(std::vector<MissingPeer> missing);
  std::vector<MissingPeer> missing();

 private:
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::map<NodeId, std::shared_ptr<PeerHandle>> handles_ GUARDED_BY(mutex_);
  std::vector<MissingPeer> missing_ GUARDED_BY(mutex_);
};

}  // namespace shoal
