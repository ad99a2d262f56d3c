// Whole nodes in one simulated world: real services, rings and schedulers over fake streams and engines.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/service.h"
#include "simulated_engine.h"
#include "simulated_network.h"

namespace shoal {

// What one client sees of one request.
struct Answer {
  std::string node;
  std::string model;
  TimePoint submitted{};
  std::optional<TimePoint> ended;
  bool accepted = false;
  int loading_reports = 0;
  std::map<uint32_t, std::vector<TokenId>> tokens;
  std::map<uint32_t, std::string> text;
  std::map<uint32_t, GenerationEnd> ends;
  std::optional<Error> error;
  int times_ended = 0;
  int calls_after_end = 0;

  bool succeeded() const { return ended.has_value() && !error.has_value(); }
};

struct SimulatedNode {
  NodeId id;
  bool alive = true;
  std::vector<Loop*> loops;
  std::unique_ptr<LoopFactory> factory;
  std::unique_ptr<PeerCalls> calls;
  std::unique_ptr<SimulatedEngineSource> engines;
  std::unique_ptr<Service> service;
};

class SimulatedCluster {
 public:
  struct Settings {
    uint64_t seed = 1;
    int64_t node_count = 3;
    SimulatedNetwork::Delays delays{};
    std::map<std::string, SimulatedModel> models{{"m", SimulatedModel{}}};
    int64_t node_memory = 1'000'000;
    int64_t request_limit = 256;
    PartitioningPolicy partitioning = MemoryWeighted{};
  };
  explicit SimulatedCluster(Settings settings);
  ~SimulatedCluster();

  SimulatedWorld& world() { return world_; }
  SimulatedNetwork& network() { return network_; }
  SimulatedNode& node(int64_t index) { return *nodes_[static_cast<size_t>(index)]; }
  int64_t node_count() const { return static_cast<int64_t>(nodes_.size()); }
  int64_t random_below(int64_t bound) {
    return static_cast<int64_t>(world_.random()() % static_cast<uint64_t>(bound));
  }
  std::vector<int64_t> living() const;

  int64_t add_node();
  // Runs until every node sees every other.
  void settle();

  std::shared_ptr<Answer> submit(int64_t node, ServiceRequest request);
  std::shared_ptr<Answer> ask(int64_t node, const std::string& prompt, const std::string& model = "m");
  bool run_until_ended(const std::vector<std::shared_ptr<Answer>>& answers, Duration limit);

  void kill(int64_t index, SimulatedNetwork::Death death);
  // Makes the thread of the node's last engine hang; the node goes on.
  void hang_engine(int64_t index);

  // The nodes that report to be head of the model.
  std::vector<NodeId> heads(const std::string& model);
  int64_t shard_count();  // over all living nodes, as they report
  int64_t pages_in_use();

 private:
  class EngineLoop;
  class Factory;
  class Client;
  void start(SimulatedNode& node);

  Settings settings_;
  SimulatedWorld world_;
  SimulatedNetwork network_;
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
  int64_t last_request_ = 0;
};

ServiceRequest simulated_request(const std::string& prompt, const std::string& model = "m");

}  // namespace shoal
