#include "net/manual_discovery.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/os.h"
#include "net/discovery_config.h"

namespace shoal {

ManualDiscovery::ManualDiscovery(std::filesystem::path path, NodeId own_node, int32_t own_port,
                                 Duration interval)
    : path_(std::move(path)), own_node_(std::move(own_node)), own_port_(own_port), interval_(interval) {}

ManualDiscovery::~ManualDiscovery() { stop(); }

void ManualDiscovery::start(std::function<void(PeerCandidate)> on_candidate) {
  thread_ = std::jthread([this, on_candidate = std::move(on_candidate)] { run(on_candidate); });
}

void ManualDiscovery::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ManualDiscovery::run(const std::function<void(PeerCandidate)>& on_candidate) {
  os::set_thread_name("discovery");
  while (true) {
    read_if_changed();
    for (const PeerCandidate& peer : peers_) on_candidate(peer);
    MutexLock lock(mutex_);
    const auto next = std::chrono::steady_clock::now() + interval_;
    while (!stopping_ && std::chrono::steady_clock::now() < next) stopped_.wait_until(mutex_, next);
    if (stopping_) return;
  }
}

void ManualDiscovery::read_if_changed() {
  std::error_code no_time, no_size;
  const FileState found{.changed = std::filesystem::last_write_time(path_, no_time),
                        .size = std::filesystem::file_size(path_, no_size)};
  const std::optional<FileState> state = no_time || no_size ? std::nullopt : std::optional(found);
  if (std::exchange(was_looked_at_, true) && state == last_state_) return;
  last_state_ = state;
  const auto text = os::read_text_file(path_);
  auto peers = text ? parse_discovery_config(*text, path_.string()) : fail(text.error());
  if (!peers) {
    log_error("{}{}", peers.error().message, peers_.empty() ? "" : "; the peers known before stay");
    return;
  }
  check_own_entry(*peers);
  std::erase_if(*peers, [&](const PeerCandidate& peer) { return peer.node == own_node_; });
  log_debug(1, "{}: {} other nodes", path_.string(), peers->size());
  peers_ = *std::move(peers);
}

// The other nodes, which have the same file, find this one by its own entry.
void ManualDiscovery::check_own_entry(const std::vector<PeerCandidate>& peers) const {
  const auto own = std::ranges::find(peers, own_node_, &PeerCandidate::node);
  if (own == peers.end()) {
    log_warning("{}: this node, {}, is not among the peers; the others will not find it there",
                path_.string(), own_node_);
  } else if (own->port != own_port_) {
    log_warning(
        "{}: the others look for this node, {}, at port {}, and it listens at port {}; start it with "
        "--node-port {}",
        path_.string(), own_node_, own->port, own_port_, own->port);
  }
}

}  // namespace shoal
