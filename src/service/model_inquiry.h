// Asks a node that has a model's files what the model needs: this node, on another thread because headers are
// read from disk, or a peer. Answers peers who ask the same. Used on the service's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "service/engine_source.h"
#include "service/message_sender.h"
#include "service/service_loop.h"

namespace shoal {

class ModelInquiry {
 public:
  using Done = std::function<void(Result<ModelDemand>)>;

  // Files are read on `files_loop`; `deadline` limits each question.
  ModelInquiry(NodeId own, ServiceLoop loop, std::shared_ptr<Loop> files_loop, EngineSource& engines,
               MessageSender& sender, Duration deadline);

  // `nodes` have the files and are at least one; this node is asked if it is among them, else the first.
  // `done` is called once, with what describe() or the peer says, deadline_exceeded, or unavailable when the
  // peer is lost; not after close().
  void ask(const InstanceId& model, const std::vector<NodeId>& nodes, Done done);

  void receive(const NodeId& from, const DescribeModel& question);
  void receive(const NodeId& from, ModelDescribed answer);
  void node_lost(const NodeId& node);
  void close();

 private:
  struct Question {
    NodeId asked;
    InstanceId model;
    TimerId deadline;
    Done done;
  };
  void describe_here(const InstanceId& model, Done done);
  void finish(uint64_t call, Result<ModelDemand> demand);

  NodeId own_;
  ServiceLoop loop_;
  std::shared_ptr<Loop> files_loop_;
  EngineSource& engines_;
  MessageSender& sender_;
  Duration deadline_;
  uint64_t last_call_ = 0;
  std::map<uint64_t, Question> questions_;
  int64_t answers_in_progress_ = 0;
  std::map<NodeId, int64_t> answers_to_;  // of these, by the peer that asked
};

}  // namespace shoal
