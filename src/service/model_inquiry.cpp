#include "service/model_inquiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal {
namespace {
// The most questions that wait for the disk at once: of all peers, and of each.
constexpr int64_t answer_limit = 64;
constexpr int64_t answer_limit_per_peer = 8;
}  // namespace

ModelInquiry::ModelInquiry(NodeId own, ServiceLoop loop, std::shared_ptr<Loop> files_loop,
                           EngineSource& engines, MessageSender& sender, Duration deadline)
    : own_(std::move(own)),
      loop_(std::move(loop)),
      files_loop_(std::move(files_loop)),
      engines_(engines),
      sender_(sender),
      deadline_(deadline) {}

void ModelInquiry::ask(const InstanceId& model, const std::vector<NodeId>& nodes, Done done) {
  const bool has_files = std::ranges::find(nodes, own_) != nodes.end();
  const uint64_t call = ++last_call_;
  const TimerId deadline = loop_.post_after(deadline_, [this, call, model] {
    finish(call, fail(ErrorCode::deadline_exceeded, fmt::format("nobody said in time what {} needs", model)));
  });
  questions_.emplace(call, Question{.asked = has_files ? own_ : nodes.front(),
                                    .model = model,
                                    .deadline = deadline,
                                    .done = std::move(done)});
  if (has_files) {
    describe_here(model, [this, call](Result<ModelDemand> demand) { finish(call, std::move(demand)); });
  } else {
    sender_.send(nodes.front(), DescribeModel{.call = call, .model = model});
  }
}

void ModelInquiry::receive(const NodeId& from, const DescribeModel& question) {
  const uint64_t call = question.call;
  const auto waiting = answers_to_.find(from);
  const int64_t own_waiting = waiting == answers_to_.end() ? 0 : waiting->second;
  if (answers_in_progress_ >= answer_limit || own_waiting >= answer_limit_per_peer) {
    sender_.send(from, ModelDescribed{.call = call,
                                      .demand = fail(ErrorCode::unavailable,
                                                     fmt::format("node {} is busy reading files", own_))});
    return;
  }
  ++answers_in_progress_;
  ++answers_to_[from];
  describe_here(question.model, [this, from, call](Result<ModelDemand> demand) {
    --answers_in_progress_;
    if (--answers_to_[from] == 0) answers_to_.erase(from);
    sender_.send(from, ModelDescribed{.call = call, .demand = std::move(demand)});
  });
}

void ModelInquiry::receive(const NodeId& from, ModelDescribed answer) {
  auto found = questions_.find(answer.call);
  if (found == questions_.end() || found->second.asked != from) return;
  if (answer.demand.has_value() && answer.demand->model != found->second.model) {
    answer.demand = fail(ErrorCode::corrupt_data, fmt::format("node {} described another model", from));
  }
  finish(answer.call, std::move(answer.demand));
}

void ModelInquiry::node_lost(const NodeId& node) {
  std::vector<uint64_t> calls;
  for (const auto& [call, question] : questions_) {
    if (question.asked == node) calls.push_back(call);
  }
  for (const uint64_t call : calls) {
    finish(call, fail(ErrorCode::unavailable, fmt::format("node {} was lost", node)));
  }
}

void ModelInquiry::close() {
  for (const auto& [call, question] : questions_) loop_.cancel_timer(question.deadline);
  questions_.clear();
}

void ModelInquiry::describe_here(const InstanceId& model, Done done) {
  const bool posted = files_loop_->post([&engines = engines_, loop = loop_, model, done] {
    auto demand = std::make_shared<Result<ModelDemand>>(engines.describe(model));
    loop.post([demand, done] { done(std::move(*demand)); });
  });
  if (!posted) loop_.post([done] { done(fail(ErrorCode::unavailable, "this node is stopping")); });
}

void ModelInquiry::finish(uint64_t call, Result<ModelDemand> demand) {
  auto found = questions_.find(call);
  if (found == questions_.end()) return;
  Question question = std::move(found->second);
  questions_.erase(found);
  loop_.cancel_timer(question.deadline);
  question.done(std::move(demand));
}

}  // namespace shoal
