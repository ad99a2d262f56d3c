#include "node/peer_wait.h"

#include <fmt/format.h>

namespace shoal {
namespace {

std::string describe_nobody(const DiscoverySettings& discovery) {
  switch (discovery.module) {
    case DiscoveryModule::none: return "no other node is looked for, as --discovery-module none says";
    case DiscoveryModule::manual:
      return fmt::format("{} names no other node that is not here", discovery.config_path.string());
    case DiscoveryModule::udp:
      return fmt::format(
          "no other node has been heard of: start shoal on the other devices, in the same network, and let "
          "UDP port {} through their firewalls and this one's",
          discovery.listen_port);
  }
  return {};
}

std::string describe_missing(const MissingPeer& peer) {
  const std::string place = fmt::format("{} at {}", peer.node, peer.place);
  if (peer.problem.empty()) return fmt::format("{}, which is being dialled", place);
  return fmt::format("{}, for {} s: {}{}{}", place, peer.seconds, peer.problem,
                     peer.advice.empty() ? "" : "; ", peer.advice);
}

}  // namespace

std::string describe_wait(const ClusterView& cluster, int64_t wanted, const DiscoverySettings& discovery) {
  std::string here;
  for (size_t i = 1; i < cluster.nodes.size(); ++i) {
    here += fmt::format("{}{}", i == 1 ? ": " : ", ", cluster.nodes[i].node);
  }
  std::string text = fmt::format("{} of {} peers are here{}", cluster.nodes.size() - 1, wanted, here);
  for (const MissingPeer& peer : cluster.missing) text += "\n  missing: " + describe_missing(peer);
  if (cluster.missing.empty()) text += "; " + describe_nobody(discovery);
  return text;
}

}  // namespace shoal
