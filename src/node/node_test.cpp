#include "node/node.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>

#include "api/backend.h"
#include "base/mutex.h"
#include "base/os.h"
#include "base/test_data_for_test.h"
#include "json/value.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr int64_t token_count = 60;

// What a client sees of one request; waits for its end.
class WaitingClient final : public ResponseSink {
 public:
  void on_loading(LoadingStatus) override {}
  void on_accepted(int64_t, AnswerOpening) override {}
  void on_token(uint32_t, DeliveredToken token) override {
    MutexLock lock(mutex_);
    tokens_.push_back(token.token);
    changed_.notify_all();
  }
  void on_finished(uint32_t, GenerationEnd) override {}
  void on_done() override { end(std::nullopt); }
  void on_failed(Error error) override { end(std::move(error)); }

  // False after half a minute.
  bool wait_for_tokens(size_t count) {
    return wait([&]() REQUIRES(mutex_) { return tokens_.size() >= count || ended_; });
  }
  Result<std::vector<TokenId>> wait_for_end() {
    if (!wait([&]() REQUIRES(mutex_) { return ended_; })) return fail(ErrorCode::internal, "no end came");
    MutexLock lock(mutex_);
    if (error_) return fail(*error_);
    return tokens_;
  }

 private:
  template <class Condition>
  bool wait(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    MutexLock lock(mutex_);
    while (!holds()) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) return holds();
    }
    return true;
  }
  void end(std::optional<Error> error) {
    MutexLock lock(mutex_);
    ended_ = true;
    error_ = std::move(error);
    changed_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<TokenId> tokens_ GUARDED_BY(mutex_);
  std::optional<Error> error_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

// A home folder with the stories260K model, whose published greedy tokens are known. Its tokenizer is not
// part of the test: prompts are token ids.
class NodeTest : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path model = test_data_path("weights/stories260K-hf-derived");
    if (!exists(model / "model.safetensors")) GTEST_SKIP() << model;
    const fs::path folder = home_ / "downloads" / "stories";
    create_directories(folder);
    for (const char* file : {"config.json", "model.safetensors"}) create_symlink(model / file, folder / file);
    write_tokenizer(folder / "tokenizer.json");
    const auto golden = parse_json(*os::read_text_file(model / "greedy_golden.json"));
    for (const Value& token : *golden->find("token_ids")->array()) {
      golden_.push_back(static_cast<TokenId>(*token.integer()));
    }
  }
  void TearDown() override {
    nodes_.clear();
    remove_all(home_);
  }

  static void write_tokenizer(const fs::path& path) {
    std::string vocabulary;
    for (int token = 3; token < 512; ++token) {
      vocabulary += fmt::format("{}\"t{:03}\": {}", token == 3 ? "" : ", ", token, token);
    }
    std::ofstream(path) << R"({"added_tokens": [], "normalizer": null, "post_processor": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "merges": ["a b"], "vocab": {"a": 0, "b": 1, "ab": 2, )"
                        << vocabulary << "}}}";
  }

  static int32_t free_port() {
    // Below those that the system gives to connections: between two uses one of them would take it.
    static int32_t next = 20000 + static_cast<int32_t>(os::random_bits() % 12000);
    return next++;
  }

  NodeSettings settings_of(const std::string& id) {
    NodeSettings settings;
    settings.node = id;
    settings.peer_host = "127.0.0.1";
    settings.api_host = "127.0.0.1";
    settings.peer_port = free_port();
    settings.api_port = free_port();
    settings.discovery.module = DiscoveryModule::none;
    settings.folders.home = home_;
    settings.thread_count = 1;
    return settings;
  }

  Node& start(NodeSettings settings) {
    Result<std::unique_ptr<Node>> node = Node::start(std::move(settings));
    if (!node) throw std::runtime_error(node.error().message);
    return *nodes_.emplace_back(*std::move(node));
  }

  // Three nodes that know each other from one discovery.json.
  void start_three() {
    std::vector<NodeSettings> all;
    std::string peers;
    for (const char* id : {"a", "b", "c"}) {
      all.push_back(settings_of(id));
      peers += fmt::format(R"({}"{}": {{"address": "127.0.0.1", "port": {}, "device_capabilities":
          {{"model": "test", "chip": "test", "memory": 1, "flops": {{"fp32": 0, "fp16": 0, "int8": 0}}}}}})",
                           peers.empty() ? "" : ", ", id, all.back().peer_port);
    }
    const fs::path config = home_ / "discovery.json";
    std::ofstream(config) << "{\"peers\": {" << peers << "}}";
    for (NodeSettings& settings : all) {
      settings.discovery.module = DiscoveryModule::manual;
      settings.discovery.config_path = config;
      start(std::move(settings));
    }
    for (const auto& node : nodes_) ASSERT_TRUE(node->wait_for_peers(2, seconds(20), {}));
    for (const auto& node : nodes_) expect_to_hear_of_models(*node);
  }

  // A node that has not told yet what is on its disk is no part of a plan.
  static void expect_to_hear_of_models(Node& node) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    const auto is_silent = [](const NodeReport& report) { return report.models.empty(); };
    while (std::ranges::any_of(node.backend().cluster().nodes, is_silent)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // reports come with heartbeats
    }
  }

  static std::shared_ptr<WaitingClient> ask(Node& node, int64_t max_tokens = token_count) {
    auto client = std::make_shared<WaitingClient>();
    ServiceRequest request;
    request.request = make_random_id("test-");
    request.model = "stories";
    request.prompt = PromptTokens{{1}};
    request.settings.sampling.temperature = 0;
    request.settings.max_tokens = max_tokens;
    request.settings.ignore_end_tokens = true;
    node.backend().submit(std::move(request), client);
    return client;
  }

  // The golden tokens begin with the prompt.
  std::vector<TokenId> expected(int64_t count = token_count) const {
    return {golden_.begin() + 1, golden_.begin() + 1 + count};
  }

  const fs::path home_ = fs::temp_directory_path() / make_random_id("shoal-node-test-");
  std::vector<TokenId> golden_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(NodeTest, OneNodeSaysTheModelsPublishedTokens) {
  Node& node = start(settings_of("alone"));
  const auto tokens = ask(node)->wait_for_end();
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(*tokens, expected());
}

TEST_F(NodeTest, ThreeNodesSayTheSameWhicheverIsAsked) {
  start_three();
  std::vector<std::shared_ptr<WaitingClient>> clients;
  for (const auto& node : nodes_) clients.push_back(ask(*node));
  for (const auto& client : clients) {
    const auto tokens = client->wait_for_end();
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(*tokens, expected());
  }
  int64_t layers = 0, heads = 0;
  for (const NodeReport& report : nodes_[0]->backend().cluster().nodes) {
    ASSERT_EQ(report.shards.size(), 1u) << report.node;
    layers += report.shards[0].end_layer - report.shards[0].first_layer;
    heads += report.shards[0].is_head ? 1 : 0;
  }
  EXPECT_EQ(layers, 5);
  EXPECT_EQ(heads, 1);
}

TEST_F(NodeTest, WhenANodeGoesItsRequestsFailAndTheNextOneWorks) {
  start_three();
  const auto client = ask(*nodes_[0], 400);
  ASSERT_TRUE(client->wait_for_tokens(3));
  nodes_.pop_back();
  const auto tokens = client->wait_for_end();
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().code, ErrorCode::unavailable) << tokens.error().message;
  const auto next = ask(*nodes_[1])->wait_for_end();
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(*next, expected());
}

TEST_F(NodeTest, AnUnloadedModelIsLoadedByTheNextRequest) {
  Node& node = start(settings_of("alone"));
  ASSERT_TRUE(ask(node)->wait_for_end());
  std::promise<Result<void>> unloaded;
  node.backend().unload("stories", [&](Result<void> outcome) { unloaded.set_value(std::move(outcome)); });
  ASSERT_TRUE(unloaded.get_future().get());
  EXPECT_FALSE(node.backend().models().at(0).is_loaded);
  const auto tokens = ask(node)->wait_for_end();
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(*tokens, expected());
}

TEST_F(NodeTest, AModelThatDoesNotFitTheMemoryLimitIsRefusedWithATable) {
  NodeSettings settings = settings_of("small");
  settings.memory_limit_bytes = 100'000;
  const auto tokens = ask(start(std::move(settings)))->wait_for_end();
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().code, ErrorCode::resource_exhausted);
  EXPECT_NE(tokens.error().message.find("small"), std::string::npos) << tokens.error().message;
}

TEST_F(NodeTest, APortThatIsInUseIsNamed) {
  NodeSettings first = settings_of("first");
  NodeSettings same_peer_port = settings_of("second"), same_api_port = settings_of("third");
  same_peer_port.peer_port = first.peer_port;
  same_api_port.api_port = first.api_port;
  start(first);
  const auto second = Node::start(same_peer_port);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(first.peer_port)), std::string::npos)
      << second.error().message;
  const auto third = Node::start(same_api_port);
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().message.find(std::to_string(first.api_port)), std::string::npos)
      << third.error().message;
}

TEST_F(NodeTest, QuittingWakesWhoWaitsForIt) {
  Node& node = start(settings_of("alone"));
  std::jthread waiting([&] { node.wait_for_quit({}); });
  node.backend().quit();
  waiting.join();
}

}  // namespace
}  // namespace shoal
