#include "net/peer_handles.h"

#include <utility>

namespace shoal {

std::shared_ptr<PeerHandle> PeerHandles::find(const NodeId& node) {
  MutexLock lock(mutex_);
  const auto found = handles_.find(node);
  return found == handles_.end() ? nullptr : found->second;
}

bool PeerHandles::add(const NodeId& node, std::shared_ptr<PeerHandle> handle) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  handles_[node] = std::move(handle);
  return true;
}

void PeerHandles::remove(const NodeId& node) {
  MutexLock lock(mutex_);
  handles_.erase(node);
}

void PeerHandles::close() {
  MutexLock lock(mutex_);
  closed_ = true;
  handles_.clear();
}

void PeerHandles::set_missing(std::vector<MissingPeer> missing) {
  MutexLock lock(mutex_);
  missing_ = std::move(missing);
}

std::vector<MissingPeer> PeerHandles::missing() {
  MutexLock lock(mutex_);
  return missing_;
}

}  // namespace shoal
