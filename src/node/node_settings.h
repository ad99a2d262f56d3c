// All settings of a node, from flags, environment or defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "cluster/placement.h"
#include "kernels/kernels.h"
#include "store/model_store.h"

namespace shoal {

enum class DiscoveryModule : uint8_t { none, udp, manual };

struct DiscoverySettings {
  DiscoveryModule module = DiscoveryModule::udp;
  std::filesystem::path config_path;  // discovery.json, for DiscoveryModule::manual
  int32_t listen_port = 5678;
  int32_t broadcast_port = 5678;
  Duration timeout = std::chrono::seconds(30);       // how long a candidate that is seen no more is dialled
  std::vector<std::string> allowed_nodes;            // --node-id-filter; empty: all
  std::vector<std::string> allowed_interface_types;  // --interface-type-filter; empty: all
};

struct NodeSettings {
  NodeId node;  // empty: named after the host
  std::string peer_host = "::";
  int32_t peer_port = 0;  // 0: usual_peer_port, or the next that is free
  std::string api_host = "::";
  int32_t api_port = 52415;  // 0: any free port, which only this process learns
  DiscoverySettings discovery;

  StoreFolders folders;
  // Models that are not in the folders, by the name that requests use: `shoal run PATH`.
  std::vector<std::pair<std::string, std::filesystem::path>> extra_models;
  int64_t thread_count = 0;  // 0: as many as processors it may run on
  std::optional<Isa> isa;    // nullopt: what SHOAL_ISA says, else the best
  KvType kv_type = KvType::f16;
  int64_t context_length = 0;  // 0: the model's own, at most default_context_limit, less if memory is short
  std::optional<int64_t> memory_limit_bytes;
  PartitioningPolicy partitioning = MemoryWeighted{};
  std::filesystem::path trace_path;  // --trace; empty: none

  std::optional<std::string> default_model;
  std::optional<double> default_temperature;
  std::optional<std::string> system_prompt;
  int64_t max_generate_tokens = 10000;
  Duration response_timeout = std::chrono::seconds(900);
  std::vector<std::string> allowed_hosts;  // see ApiSettings
  std::vector<std::string> allowed_origins;
};

// The TCP port to be opened in firewalls. A node that finds it taken, because this machine has another node,
// takes one of the next usual_peer_ports - 1, and if all of them are taken, any port.
inline constexpr int32_t usual_peer_port = 5678;
inline constexpr int32_t usual_peer_ports = 10;

// The longest context that is chosen without --context-length, because a model may have one for which no
// everyday device has the memory.
inline constexpr int64_t default_context_limit = 8192;

}  // namespace shoal
