#include "node/discovery_choice.h"

#include <algorithm>

#include "base/os.h"
#include "net/discovery_config.h"
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

Result<void> declare_device(const NodeSettings& settings, DeviceReport& device) {
  if (settings.discovery.module != DiscoveryModule::manual) return {};
  const std::filesystem::path& path = settings.discovery.config_path;
  const auto text = os::read_text_file(path);
  if (!text) return fail(text.error(), "--discovery-config-path");
  const auto peers = parse_discovery_config(*text, path.string());
  if (!peers) return fail(peers.error(), "--discovery-config-path");
  const auto own = std::ranges::find(*peers, settings.node, &PeerCandidate::node);
  if (own == peers->end() || !own->declared) return {};
  const DeviceReport& declared = *own->declared;
  if (!declared.device_model.empty()) device.device_model = declared.device_model;
  if (!declared.chip.empty()) device.chip = declared.chip;
  device.declared_memory_bytes = declared.memory_bytes;
  device.flops_fp32 = declared.flops_fp32;
  device.flops_fp16 = declared.flops_fp16;
  device.flops_int8 = declared.flops_int8;
  return {};
}

Result<std::unique_ptr<Discovery>> make_discovery(const NodeSettings& settings, const NodeReport& own) {
  switch (settings.discovery.module) {
    case DiscoveryModule::none: return std::unique_ptr<Discovery>();
    case DiscoveryModule::udp: return listen_for_broadcasts(settings, own);
    case DiscoveryModule::manual:
      return std::make_unique<ManualDiscovery>(settings.discovery.config_path, own.node, own.peer_port);
  }
  return std::unique_ptr<Discovery>();
}

}  // namespace shoal
