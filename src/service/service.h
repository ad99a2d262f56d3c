// A request on any node reaches the model's head, has it loaded, and is answered or fails clearly. One per
// node. Its loop, which never computes, owns all state: peers, plans, shards, requests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "cluster/missing_peer.h"
#include "cluster/node_report.h"
#include "cluster/placement.h"
#include "scheduler/scheduler.h"
#include "service/engine_source.h"
#include "service/peer_calls.h"

namespace shoal {

// One request as api hands it over.
struct ServiceRequest {
  RequestId request;
  std::string model;
  Prompt prompt;
  ToolUse tools = {};
  SamplingWishes sampling;
  std::optional<uint64_t> seed;  // nullopt: drawn once, here
  uint32_t choice_count = 1;
  std::optional<int64_t> max_tokens;
  int64_t min_tokens = 0;
  bool ignore_end_tokens = false;
  std::vector<std::string> stop_strings;
  std::vector<TokenId> stop_tokens = {};
  OutputFormat output = {};
  std::optional<int64_t> top_logprobs;
};

struct LoadingStatus {
  std::string model;
  int64_t bytes_done;
  int64_t bytes_total;
};

// Implemented by api. Called on the service's loop, in order; on_failed or on_done ends it.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void on_loading(const LoadingStatus& status) = 0;  // while the model is being loaded
  // `opening`: how the answer's text is to be read.
  virtual void on_accepted(int64_t prompt_tokens, const AnswerOpening& opening) = 0;
  virtual void on_token(uint32_t choice_index, const DeliveredToken& token) = 0;
  virtual void on_finished(uint32_t choice_index, const GenerationEnd& end) = 0;
  virtual void on_done() = 0;  // every choice has finished
  virtual void on_failed(const Error& error) = 0;
};

struct ClusterView {
  NodeId own_node;
  std::vector<NodeReport> nodes;  // this one first
  struct Link {
    NodeId from, to;
    std::string description;
  };
  std::vector<Link> links;
  std::vector<MissingPeer> missing = {};   // filled in by who knows the network
  std::vector<std::string> warnings = {};  // what people should know: nodes with other files of a model
};

struct ModelView {
  std::string name;
  bool is_loaded;
  int64_t context_length = 0;  // 0: this node does not know it
};

// What could be allocated now.
struct FreeMemory {
  int64_t machine_bytes;
  std::vector<MemoryGroup> groups;  // one without an id is this process's alone
};

struct ServiceSettings {
  NodeReport own;  // node id, ports, device; models and shards are filled in
  PartitioningPolicy partitioning = MemoryWeighted{};
  SchedulerSettings scheduler;
  Duration heartbeat_interval = std::chrono::milliseconds(200);
  Duration peer_silence_limit = std::chrono::seconds(1);     // of a node that a plan or a request depends on
  Duration ingress_silence_limit = std::chrono::seconds(5);  // of any other
  Duration plan_deadline = std::chrono::seconds(5);          // of describing, preparing, unloading, each
  Duration load_stall_limit = std::chrono::seconds(30);      // of loading without a byte of progress
  int64_t request_limit = 4096;                              // requests of clients of this node at once
  // Called on the loop; empty: unknown. own.device.free_bytes is the most that all shards of this node
  // together may take.
  std::function<FreeMemory()> measure_free_memory;
};

// Makes the loops that engines and schedulers run on: threads in a node, simulated ones in a simulation.
class LoopFactory {
 public:
  virtual ~LoopFactory() = default;
  virtual std::shared_ptr<Loop> make_loop(const std::string& name) = 0;
};

struct ServiceStatus {
  int64_t active_requests;
  int64_t requests_total;
  int64_t failed_total;
  std::optional<SchedulerStatus> scheduler;  // of the instance this node heads
};

class Service final : public PeerEvents {
 public:
  // All outlive this.
  Service(ServiceSettings settings, Loop& loop, LoopFactory& loops, EngineSource& engines, PeerCalls& peers);
  ~Service() override;

  void start();
  // Takes nothing new: requests of clients here and elsewhere are refused, plans are made without this node.
  // Then calls `done` on the loop: when it has a part in no answer any more, or after `patience`.
  void drain(Duration patience, std::function<void()> done);
  // Drains, and waits for it. Not on the loop.
  void finish_answers(Duration patience);
  // Says goodbye, fails what is open with unavailable, releases every shard, then calls `done` on the loop.
  void leave(std::function<void()> done);
  // Leaves, and waits for it. Idempotent; not on the loop.
  void stop();

  // Any thread. The sink is called until on_done or on_failed, or never again after cancel().
  void submit(ServiceRequest request, std::shared_ptr<ResponseSink> sink);
  void cancel(const RequestId& request);

  // Unloads the model everywhere. `done` is called on the loop.
  void unload(const std::string& model, std::function<void(Result<void>)> done);

  // Snapshots; any thread.
  ClusterView cluster() const;
  std::vector<ModelView> models() const;
  ServiceStatus status() const;

  void on_peer_joined(NodeReport report) override;
  void on_peer_lost(NodeId node, Error reason) override;
  void on_peer_message(NodeId from, PeerMessage message) override;
  void on_ring_message(NodeId from, RingMessage message) override;
  NodeReport own_report() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal
