// What a node tells the others about itself. Plain data, sent in the handshake and with every heartbeat.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/model_fingerprint.h"

namespace shoal {

// A shard that the node holds or is loading.
struct ShardReport {
  InstanceId instance;  // the model's name
  Epoch epoch;
  int64_t first_layer;
  int64_t end_layer;
  bool is_head;
  bool is_loaded;
  int64_t bytes_loaded;
  int64_t bytes_total;
  int64_t held_bytes;        // weights, KV and scratch; unloading gives them back
  int64_t last_used_ms_ago;  // on the head: time since its last request ended; 0 while it answers one

  bool operator==(const ShardReport&) const = default;
};

// Memory that a limit gives to several processes of a machine together: a control group, most often a
// container.
struct MemoryGroup {
  std::string id;  // the same for all nodes of a group
  int64_t free_bytes;

  bool operator==(const MemoryGroup&) const = default;
};

struct DeviceReport {
  std::string device_model;  // for people: host name, or what discovery.json declares
  std::string chip;
  std::string machine;  // the same for all nodes of a machine, which share its free memory
  std::string isa;
  int64_t core_count;
  int64_t memory_bytes;                       // the most that this node may take
  int64_t free_bytes;                         // what this node could take now under all limits
  int64_t machine_free_bytes = 0;             // of the whole machine without any limit; 0: unknown
  std::vector<MemoryGroup> memory_groups{};   // limits that are narrower than the machine
  int64_t declared_memory_bytes = 0;          // from discovery.json, for display; 0: not declared
  double read_bandwidth;                      // measured, bytes/s
  double flops_fp32, flops_fp16, flops_int8;  // declared, for display; 0: unknown

  bool operator==(const DeviceReport&) const = default;
};

// nullptr when the device is not in this group.
inline const MemoryGroup* find_group(const DeviceReport& device, const std::string& id) {
  for (const MemoryGroup& group : device.memory_groups) {
    if (group.id == id) return &group;
  }
  return nullptr;
}

// A model on the node's disk.
struct ModelReport {
  std::string name;
  ModelFingerprint fingerprint{};
  std::string problem{};  // why its files cannot be used; empty: they can be used

  bool operator==(const ModelReport&) const = default;
};

struct NodeReport {
  NodeId node;
  uint64_t incarnation;  // random, drawn at start: distinguishes a restarted node from the one before
  std::string version;   // nodes of different versions do not join
  std::string address;  // where others reach it, without port; filled in by the node that receives the report
  int32_t peer_port;
  int32_t api_port;
  DeviceReport device;
  std::vector<ModelReport> models;  // no name occurs twice
  std::vector<ShardReport> shards;

  bool operator==(const NodeReport&) const = default;
};

}  // namespace shoal
