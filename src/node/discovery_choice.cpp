#include "node/discovery_choice.h"

#include "net/manual_discovery.h"
#include "net/udp_discovery.h"

namespace shoal {
namespace {

Result<std::unique_ptr<Discovery>> listen_for_broadcasts(const NodeSettings& settings,
                                                         const NodeReport& own) {
  auto discovery =
      UdpDiscovery::listen({.node = own.node,
                            .incarnation = own.incarnation,
                            .version = own.version,
                            .cluster = {},
                            .host = settings.peer_host,
                            .peer_port = own.peer_port,
                            .listen_port = settings.discovery.listen_port,
                            .broadcast_port = settings.discovery.broadcast_port,
                            .allowed_nodes = settings.discovery.allowed_nodes,
                            .allowed_interface_types = settings.discovery.allowed_interface_types});
  if (!discovery) return fail(discovery.error());
  return *std::move(discovery);
}

}  // namespace

Result<std::unique_ptr<Discovery>> make_discovery(const NodeSettings& settings, const NodeReport& own) {
  switch (settings.discovery.module) {
    case DiscoveryModule::none: return std::unique_ptr<Discovery>();
    case DiscoveryModule::udp: return listen_for_broadcasts(settings, own);
    case DiscoveryModule::manual:
      return std::make_unique<ManualDiscovery>(settings.discovery.config_path, own.node);
  }
  return std::unique_ptr<Discovery>();
}

}  // namespace shoal
