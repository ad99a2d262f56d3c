#include "cluster/room.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

namespace shoal {
namespace {

// Memory that several nodes share: that of a machine, or of a group within it.
struct Pool {
  int64_t left = 0;
  int64_t waiting = 0;  // nodes that have not got their part yet
};
using Pools = std::map<std::string, Pool>;

struct Sharer {
  const NodeReport* node;
  std::vector<Pool*> pools;

  // What this node gets if its turn is now: in each pool an equal part of what is left, no more than its own
  // limit.
  int64_t part() const {
    int64_t part = std::max<int64_t>(node->device.free_bytes, 0);
    for (const Pool* pool : pools) part = std::min(part, pool->left / pool->waiting);
    return part;
  }
};

// Bytes that the nodes of one machine may take together.
int64_t machine_room(const std::vector<const NodeReport*>& members) {
  int64_t largest = 0;
  std::optional<int64_t> measured;
  for (const NodeReport* member : members) {
    largest = std::max(largest, member->device.free_bytes);
    const int64_t machine_free = member->device.machine_free_bytes;
    if (machine_free > 0) measured = std::min(measured.value_or(machine_free), machine_free);
  }
  return measured.value_or(largest);
}

std::vector<Sharer> make_sharers(const std::vector<const NodeReport*>& nodes, Pools& pools) {
  std::map<std::string, std::vector<const NodeReport*>> machines;
  std::vector<Sharer> sharers;
  for (const NodeReport* node : nodes) {
    Sharer& sharer = sharers.emplace_back(Sharer{.node = node, .pools = {}});
    const std::string& machine = node->device.machine;
    if (machine.empty()) continue;
    machines[machine].push_back(node);
    sharer.pools.push_back(&pools[machine]);
    for (const MemoryGroup& group : node->device.memory_groups) {
      Pool& pool = pools[machine + "/" + group.id];
      const int64_t free = std::max<int64_t>(group.free_bytes, 0);
      pool.left = pool.waiting == 0 ? free : std::min(pool.left, free);
      ++pool.waiting;
      sharer.pools.push_back(&pool);
    }
  }
  for (const auto& [machine, members] : machines) {
    pools[machine] = {.left = machine_room(members), .waiting = static_cast<int64_t>(members.size())};
  }
  return sharers;
}

Error bad_demand(const ModelDemand& demand, std::string_view what) {
  return {ErrorCode::invalid_argument,
          fmt::format("model {}: the described needs are wrong: {}", demand.model, what)};
}

}  // namespace

std::vector<NodeRoom> share_room(const std::vector<const NodeReport*>& nodes) {
  Pools pools;
  std::vector<Sharer> waiting = make_sharers(nodes, pools);
  std::map<NodeId, int64_t> room;
  // The node with the smallest part comes first, so that what it cannot take is left to the others.
  while (!waiting.empty()) {
    const auto next = std::ranges::min_element(waiting, {}, [](const Sharer& sharer) {
      return std::tuple(sharer.part(), sharer.node->device.free_bytes, sharer.node->node);
    });
    const int64_t part = next->part();
    room[next->node->node] = part;
    for (Pool* pool : next->pools) {
      pool->left -= part;
      --pool->waiting;
    }
    waiting.erase(next);
  }
  std::vector<NodeRoom> rooms;
  for (const NodeReport* node : nodes) rooms.push_back({.node = node->node, .bytes = room[node->node]});
  return rooms;
}

Result<LayerNeeds> LayerNeeds::from(const ModelDemand& demand) {
  if (demand.layer_bytes.empty()) return fail(bad_demand(demand, "no layers"));
  if (demand.head_bytes < 0 || demand.scratch_bytes < 0 || demand.kv_bytes_per_token_layer < 0 ||
      demand.context_length < 0) {
    return fail(bad_demand(demand, "a negative size"));
  }
  int64_t layer_kv = 0;
  LayerNeeds needs;
  bool overflow = __builtin_mul_overflow(demand.kv_bytes_per_token_layer, demand.context_length, &layer_kv);
  needs.scratch_ = demand.scratch_bytes;
  needs.head_ = demand.head_bytes;
  needs.smallest_layer_ = std::numeric_limits<int64_t>::max();
  needs.sums_.push_back(0);
  for (const int64_t bytes : demand.layer_bytes) {
    if (bytes < 0) return fail(bad_demand(demand, fmt::format("a layer of {} bytes", bytes)));
    int64_t layer = 0, sum = 0;
    overflow = overflow || __builtin_add_overflow(bytes, layer_kv, &layer) ||
               __builtin_add_overflow(needs.sums_.back(), layer, &sum);
    needs.sums_.push_back(sum);
    needs.smallest_layer_ = std::min(needs.smallest_layer_, layer);
  }
  int64_t fixed = 0, total = 0;
  overflow = overflow || __builtin_add_overflow(needs.head_, needs.scratch_, &fixed) ||
             __builtin_add_overflow(fixed, needs.sums_.back(), &total);
  if (overflow) return fail(bad_demand(demand, "the sizes overflow"));
  return needs;
}

std::string format_bytes(int64_t bytes) {
  constexpr std::array units = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace shoal
