#include "cluster/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "cluster/room.h"

namespace shoal {
namespace {

enum class RoomRule { must_fit, ignored };

// One stage for each node, the head's first. A stage may be empty.
using Cut = std::vector<PlanStage>;

// Cuts the layers over `rooms`, in this order, so that as few nodes as possible stay empty, and among such
// cuts so that the sum of (bytes of layers)²/room is least; could layers be divided, that would be exactly
// "in proportion to room". What only the head has must fit but does not count in this sum: it is work once a
// token, while layers are work for every row, which should be even over nodes with the same room. Dynamic
// programming over (nodes used, layers placed). nullopt: nothing fits.
std::optional<Cut> cut_layers(const std::vector<NodeRoom>& rooms, const LayerNeeds& needs, RoomRule rule) {
  struct State {
    int64_t empty_nodes;
    double imbalance;
    int64_t from = 0;  // layers placed before this node's
    auto key() const { return std::pair(empty_nodes, imbalance); }
  };
  const int64_t layer_count = needs.layer_count();
  const auto columns = static_cast<size_t>(layer_count) + 1;
  const State unreachable{std::numeric_limits<int64_t>::max(), std::numeric_limits<double>::infinity()};
  std::vector<std::vector<State>> best(rooms.size() + 1, std::vector<State>(columns, unreachable));
  best[0][0] = {.empty_nodes = 0, .imbalance = 0};
  for (size_t i = 0; i < rooms.size(); ++i) {
    const bool is_head = i == 0;
    const double room = static_cast<double>(std::max<int64_t>(rooms[i].bytes, 1));
    for (int64_t end = 0; end <= layer_count; ++end) {
      State& target = best[i + 1][static_cast<size_t>(end)];
      for (int64_t first = is_head ? end - 1 : end; first >= 0; --first) {
        const State& before = best[i][static_cast<size_t>(first)];
        if (before.empty_nodes == unreachable.empty_nodes) continue;
        const int64_t need = first == end ? 0 : needs.stage(first, end, is_head);
        if (rule == RoomRule::must_fit && need > rooms[i].bytes) break;  // more layers only need more
        const auto layers = static_cast<double>(needs.layers(first, end));
        const double fill = layers * layers / room;
        const State candidate{before.empty_nodes + (first == end ? 1 : 0), before.imbalance + fill, first};
        if (candidate.key() < target.key()) target = candidate;
      }
    }
  }
  if (best[rooms.size()][columns - 1].empty_nodes == unreachable.empty_nodes) return std::nullopt;
  Cut cut(rooms.size());
  int64_t end = layer_count;
  for (size_t i = rooms.size(); i-- > 0;) {
    const int64_t first = best[i + 1][static_cast<size_t>(end)].from;
    cut[i] = {.node = rooms[i].node, .first_layer = first, .end_layer = end};
    end = first;
  }
  return cut;
}

Error does_not_fit(const ModelDemand& demand, const LayerNeeds& needs, const std::vector<NodeRoom>& rooms,
                   const Cut& cut) {
  int64_t total_room = 0;
  size_t width = 4;
  for (const NodeRoom& room : rooms) {
    if (__builtin_add_overflow(total_room, room.bytes, &total_room)) {
      total_room = std::numeric_limits<int64_t>::max();
    }
    width = std::max(width, room.node.size());
  }
  std::string text = fmt::format(
      "model {} does not fit: it needs {} with a context of {} tokens, free are {}\n  {:<{}}  {:>10}  {:>10} "
      " layers",
      demand.model, format_bytes(needs.stage(0, needs.layer_count(), true)), demand.context_length,
      format_bytes(total_room), "node", width, "need", "room");
  for (size_t i = 0; i < cut.size(); ++i) {
    const PlanStage& stage = cut[i];
    const bool holds_none = stage.first_layer == stage.end_layer;
    const int64_t need = holds_none ? needs.fixed(i == 0) + needs.smallest_layer()
                                    : needs.stage(stage.first_layer, stage.end_layer, i == 0);
    text += fmt::format("\n  {:<{}}  {:>10}  {:>10}  {}", stage.node, width, format_bytes(need),
                        format_bytes(rooms[i].bytes),
                        holds_none ? "none" : fmt::format("{}-{}", stage.first_layer, stage.end_layer - 1));
  }
  text += "\nFree memory, add a node, raise --memory-limit or lower --context-length.";
  return {ErrorCode::resource_exhausted, std::move(text)};
}

std::vector<NodeRoom> ordered_rooms(const std::vector<const NodeReport*>& nodes) {
  std::vector<NodeRoom> rooms = share_room(nodes);
  std::ranges::sort(rooms, std::ranges::greater(),
                    [](const NodeRoom& room) { return std::pair(room.bytes, room.node); });
  return rooms;
}

// The node with the least room that shares its machine with another one, which has more room without it.
std::optional<NodeId> find_spare(const std::vector<NodeRoom>& rooms,
                                 const std::vector<const NodeReport*>& nodes) {
  std::map<NodeId, std::string> machine_of;
  std::map<std::string, int64_t> member_count;
  for (const NodeReport* node : nodes) {
    machine_of[node->node] = node->device.machine;
    if (!node->device.machine.empty()) ++member_count[node->device.machine];
  }
  for (auto room = rooms.rbegin(); room != rooms.rend(); ++room) {
    if (member_count[machine_of[room->node]] > 1) return room->node;
  }
  return std::nullopt;
}

bool is_empty(const PlanStage& stage) { return stage.first_layer == stage.end_layer; }

// Takes nodes without layers out and cuts again, because other nodes of their machines then have more room.
Cut without_empty(Cut cut, std::vector<const NodeReport*> nodes, const LayerNeeds& needs) {
  while (std::ranges::any_of(cut, is_empty)) {
    std::erase_if(cut, is_empty);
    std::erase_if(nodes, [&](const NodeReport* node) {
      return std::ranges::find(cut, node->node, &PlanStage::node) == cut.end();
    });
    auto better = cut_layers(ordered_rooms(nodes), needs, RoomRule::must_fit);
    if (better) cut = *std::move(better);
  }
  return cut;
}

Result<Cut> cut_by_memory(const ModelDemand& demand, const LayerNeeds& needs,
                          std::vector<const NodeReport*> nodes) {
  const std::vector<NodeRoom> all_rooms = ordered_rooms(nodes);
  std::vector<NodeRoom> rooms = all_rooms;
  while (true) {
    auto cut = cut_layers(rooms, needs, RoomRule::must_fit);
    if (cut) return without_empty(*std::move(cut), std::move(nodes), needs);
    // Nothing fits: each node of a machine needs scratch of its own, so fewer nodes may hold more.
    const auto spare = find_spare(rooms, nodes);
    if (!spare) break;
    std::erase_if(nodes, [&](const NodeReport* node) { return node->node == *spare; });
    rooms = ordered_rooms(nodes);
  }
  const auto wished = cut_layers(all_rooms, needs, RoomRule::ignored);
  return fail(does_not_fit(demand, needs, all_rooms, *wished));
}

Result<void> check_cover(const ManualPartition& manual, int64_t layer_count) {
  int64_t next = 0;
  for (const PlanStage& stage : manual.stages) {
    const auto name = fmt::format("{}:{}-{}", stage.node, stage.first_layer, stage.end_layer - 1);
    if (stage.end_layer <= stage.first_layer) {
      return fail(ErrorCode::invalid_argument, fmt::format("--partitioning: {} holds no layer", name));
    }
    if (stage.first_layer > next) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--partitioning: layer {} is held by no node before {}", next, name));
    }
    if (stage.first_layer < next) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--partitioning: layer {} of {} is already held by the node before",
                              stage.first_layer, name));
    }
    next = stage.end_layer;
  }
  if (next != layer_count) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--partitioning: the nodes hold layers 0-{}, the model has 0-{}", next - 1,
                            layer_count - 1));
  }
  return {};
}

Result<Cut> cut_by_hand(const ManualPartition& manual, const ModelDemand& demand, const LayerNeeds& needs,
                        const std::vector<const NodeReport*>& nodes) {
  std::vector<const NodeReport*> used;
  for (const PlanStage& stage : manual.stages) {
    const auto found = std::ranges::find(nodes, stage.node, &NodeReport::node);
    if (found == nodes.end()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--partitioning: no node \"{}\" has model {}; nodes that have it: {}",
                              stage.node, demand.model, [&] {
                                std::string names;
                                for (const NodeReport* node : nodes)
                                  names += (names.empty() ? "" : ", ") + node->node;
                                return names;
                              }()));
    }
    if (std::ranges::find(used, *found) != used.end()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--partitioning: node \"{}\" is named twice", stage.node));
    }
    used.push_back(*found);
  }
  if (auto covered = check_cover(manual, needs.layer_count()); !covered) return fail(covered.error());
  const std::vector<NodeRoom> rooms = share_room(used);
  for (size_t i = 0; i < manual.stages.size(); ++i) {
    const PlanStage& stage = manual.stages[i];
    if (needs.stage(stage.first_layer, stage.end_layer, i == 0) > rooms[i].bytes) {
      return fail(does_not_fit(demand, needs, rooms, manual.stages));
    }
  }
  return manual.stages;
}

}  // namespace

Result<Plan> make_plan(const PartitioningPolicy& policy, const ModelDemand& demand,
                       const std::vector<NodeReport>& nodes) {
  if (nodes.empty())
    return fail(ErrorCode::not_found, fmt::format("no node has the files of model {}", demand.model));
  std::vector<const NodeReport*> members;
  std::set<NodeId> names;
  for (const NodeReport& node : nodes) {
    members.push_back(&node);
    if (!names.insert(node.node).second) {
      return fail(ErrorCode::invalid_argument, fmt::format("two nodes with id {}", node.node));
    }
  }
  const auto needs = LayerNeeds::from(demand);
  if (!needs) return fail(needs.error());
  const auto* manual = std::get_if<ManualPartition>(&policy);
  auto cut = manual != nullptr ? cut_by_hand(*manual, demand, *needs, members)
                               : cut_by_memory(demand, *needs, std::move(members));
  if (!cut) return fail(cut.error());
  return Plan{.instance = demand.model,
              .epoch = {},
              .stages = *std::move(cut),
              .context_length = demand.context_length,
              .fingerprint = demand.fingerprint};
}

}  // namespace shoal
