#include "simulated_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {

// The loop of an engine's thread. Once it hangs, posted tasks are never run.
class SimulatedCluster::EngineLoop final : public Loop {
 public:
  explicit EngineLoop(Loop& loop) : loop_(loop) {}
  TimePoint now() const override { return loop_.now(); }
  bool post(Task task) override { return hangs_ || loop_.post(std::move(task)); }
  TimerId post_after(Duration delay, Task task) override {
    return hangs_ ? 1 : loop_.post_after(delay, std::move(task));
  }
  void cancel_timer(TimerId timer) override { loop_.cancel_timer(timer); }
  void hang() { hangs_ = true; }

 private:
  Loop& loop_;
  bool hangs_ = false;
};

class SimulatedCluster::Factory final : public LoopFactory {
 public:
  Factory(SimulatedWorld& world, SimulatedNode& node) : world_(world), node_(node) {}
  std::shared_ptr<Loop> make_loop(const std::string& name) override {
    Loop& loop = world_.make_loop(fmt::format("{}/{}", node_.id, name));
    node_.loops.push_back(&loop);
    // Joining a thread drops the tasks that it has not begun.
    std::shared_ptr<Loop> thread(&loop, [&world = world_](Loop* gone) { world.kill(*gone); });
    if (name != "engine") return thread;
    last_engine_ = std::make_shared<EngineLoop>(loop);
    engines_.push_back(last_engine_);
    return {last_engine_.get(), [thread](Loop*) {}};
  }

  void hang_last_engine() {
    CHECK(last_engine_ != nullptr);
    last_engine_->hang();
  }

 private:
  SimulatedWorld& world_;
  SimulatedNode& node_;
  std::vector<std::shared_ptr<EngineLoop>>
      engines_;  // also those of engines that are gone, since late events may refer to them
  std::shared_ptr<EngineLoop> last_engine_;
};

class SimulatedCluster::Client final : public ResponseSink {
 public:
  Client(const Clock& clock, std::shared_ptr<Answer> answer) : clock_(clock), answer_(std::move(answer)) {}

  void on_loading(LoadingStatus) override {
    note();
    ++answer_->loading_reports;
  }
  void on_accepted(int64_t, AnswerOpening) override {
    note();
    answer_->accepted = true;
  }
  void on_token(uint32_t choice, DeliveredToken token) override {
    note();
    CHECK(token.index == static_cast<int64_t>(answer_->tokens[choice].size()));
    answer_->tokens[choice].push_back(token.token);
    answer_->text[choice] += token.text;
  }
  void on_finished(uint32_t choice, GenerationEnd end) override {
    note();
    answer_->text[choice] += end.text;
    answer_->ends[choice] = std::move(end);
  }
  void on_done() override { end(); }
  void on_failed(Error error) override {
    end();
    answer_->error = std::move(error);
  }

 private:
  void note() {
    if (answer_->ended.has_value()) ++answer_->calls_after_end;
  }
  void end() {
    note();
    ++answer_->times_ended;
    answer_->ended = clock_.now();
  }
  const Clock& clock_;
  std::shared_ptr<Answer> answer_;
};

SimulatedCluster::SimulatedCluster(Settings settings)
    : settings_(std::move(settings)), world_(settings_.seed), network_(world_, settings_.delays) {
  for (int64_t i = 0; i < settings_.node_count; ++i) add_node();
}

SimulatedCluster::~SimulatedCluster() {
  for (const auto& node : nodes_) {
    if (node->alive) kill(static_cast<int64_t>(&node - nodes_.data()), SimulatedNetwork::Death::is_silent);
  }
  world_.run_for(std::chrono::hours(10));
}

int64_t SimulatedCluster::add_node() {
  const int64_t index = node_count();
  auto node = std::make_unique<SimulatedNode>();
  node->id = fmt::format("node-{}", static_cast<char>('a' + index));
  nodes_.push_back(std::move(node));
  start(*nodes_.back());
  return index;
}

void SimulatedCluster::start(SimulatedNode& node) {
  node.factory = std::make_unique<Factory>(world_, node);
  node.calls = network_.make_calls(node.id);
  node.engines = std::make_unique<SimulatedEngineSource>(world_, settings_.models);
  Loop& loop = world_.make_loop(fmt::format("{}/service", node.id));
  node.loops.push_back(&loop);
  ServiceSettings settings{};
  settings.own.node = node.id;
  settings.own.incarnation = world_.random()();
  settings.own.version = "simulated";
  settings.own.device.machine = fmt::format("machine of {}", node.id);
  settings.own.device.free_bytes = settings_.node_memory;
  settings.partitioning = settings_.partitioning;
  settings.request_limit = settings_.request_limit;
  node.service =
      std::make_unique<Service>(std::move(settings), loop, *node.factory, *node.engines, *node.calls);
  node.service->start();
  network_.start(node.id, *node.service);
}

std::vector<int64_t> SimulatedCluster::living() const {
  std::vector<int64_t> indices;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->alive) indices.push_back(static_cast<int64_t>(i));
  }
  return indices;
}

void SimulatedCluster::settle() {
  const bool settled = world_.run_until(
      [this] {
        return std::ranges::all_of(living(), [this](int64_t index) {
          const ClusterView view = node(index).service->cluster();
          return view.nodes.size() == living().size() &&
                 std::ranges::all_of(view.nodes, [this](const NodeReport& report) {
                   return report.models.size() == settings_.models.size();
                 });
        });
      },
      std::chrono::seconds(30));
  CHECK(settled);
}

ServiceRequest simulated_request(const std::string& prompt, const std::string& model) {
  ServiceRequest request;
  request.model = model;
  request.prompt = PromptText{prompt};
  request.settings.seed = 42;
  request.settings.max_tokens = 24;
  return request;
}

std::shared_ptr<Answer> SimulatedCluster::submit(int64_t index, ServiceRequest request) {
  if (request.request.empty()) request.request = fmt::format("request-{}", ++last_request_);
  auto answer = std::make_shared<Answer>();
  answer->node = node(index).id;
  answer->model = request.model;
  answer->submitted = world_.now();
  // The service's own loop is the clock of its clients.
  node(index).service->submit(std::move(request),
                              std::make_shared<Client>(*node(index).loops.back(), answer));
  return answer;
}

std::shared_ptr<Answer> SimulatedCluster::ask(int64_t index, const std::string& prompt,
                                              const std::string& model) {
  return submit(index, simulated_request(prompt, model));
}

bool SimulatedCluster::run_until_ended(const std::vector<std::shared_ptr<Answer>>& answers, Duration limit) {
  return world_.run_until(
      [&] {
        return std::ranges::all_of(answers, [](const auto& answer) { return answer->ended.has_value(); });
      },
      limit);
}

void SimulatedCluster::kill(int64_t index, SimulatedNetwork::Death death) {
  SimulatedNode& dead = node(index);
  dead.alive = false;
  network_.kill(dead.id, death);
  for (Loop* loop : dead.loops) world_.kill(*loop);
}

void SimulatedCluster::hang_engine(int64_t index) {
  static_cast<Factory&>(*node(index).factory).hang_last_engine();
}

std::vector<NodeId> SimulatedCluster::heads(const std::string& model) {
  std::vector<NodeId> heads;
  for (const int64_t index : living()) {
    for (const ShardReport& shard : node(index).service->own_report().shards) {
      if (shard.instance == model && shard.is_head) heads.push_back(node(index).id);
    }
  }
  return heads;
}

int64_t SimulatedCluster::shard_count() {
  int64_t count = 0;
  for (const int64_t index : living()) {
    count += static_cast<int64_t>(node(index).service->own_report().shards.size());
  }
  return count;
}

int64_t SimulatedCluster::pages_in_use() {
  int64_t pages = 0;
  for (const SimulatedEngine* engine : SimulatedEngine::living()) pages += engine->pages_in_use();
  return pages;
}

}  // namespace shoal
