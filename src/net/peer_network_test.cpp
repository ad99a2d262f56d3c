#include "net/peer_network.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "net/node_for_test.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Heard = TestNode::Heard;

void connect(TestNode& from, TestNode& to) {
  from.dial(to);
  ASSERT_TRUE(from.wait_connected(to));
  ASSERT_TRUE(to.wait_connected(from));
}

StepMessage make_step(uint64_t number, int64_t hidden_size) {
  return {.instance = "m",
          .epoch = {1, "a"},
          .number = number,
          .batch = {.sequences = {{.slot = 0, .keep_length = 0, .row_count = 1}}, .released_slots = {}},
          .result_rows = {0},
          .hidden = std::vector<float>(static_cast<size_t>(hidden_size), static_cast<float>(number)),
          .timings = {}};
}

uint64_t step_number(const RingMessage& message) { return std::get<StepMessage>(message).number; }

TEST(PeerNetwork, TwoNodesJoinAndTellEachOtherWhoTheyAre) {
  TestNode a("a"), b("b");
  connect(a, b);
  const NodeReport seen_by_a = a.heard().joined.at(0), seen_by_b = b.heard().joined.at(0);
  EXPECT_EQ(seen_by_a.node, "b");
  EXPECT_EQ(seen_by_a.incarnation, b.incarnation());
  EXPECT_EQ(seen_by_a.address, "127.0.0.1");
  EXPECT_EQ(seen_by_a.peer_port, b.network->port());
  EXPECT_EQ(seen_by_b.node, "a");
  EXPECT_EQ(seen_by_b.address, "127.0.0.1");
  EXPECT_EQ(seen_by_b.peer_port, a.network->port());
}

TEST(PeerNetwork, MessagesArriveInOrderBothWays) {
  TestNode a("a"), b("b");
  connect(a, b);
  constexpr uint64_t count = 2000;
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_TRUE(a.network->send("b", DescribeModel{i, "m"}));
    ASSERT_TRUE(b.network->send("a", DescribeModel{i, "m"}));
  }
  for (TestNode* node : {&a, &b}) {
    ASSERT_TRUE(node->wait_until([](const Heard& heard) { return heard.messages.size() == count; }));
    const auto messages = node->heard().messages;
    for (uint64_t i = 0; i < count; ++i) ASSERT_EQ(std::get<DescribeModel>(messages[i].second).call, i);
    EXPECT_EQ(messages[0].first, node == &a ? "b" : "a");
  }
}

TEST(PeerNetwork, StepsArriveInOrderWhicheverSideDialled) {
  TestNode a("a"), b("b");
  connect(a, b);
  const auto to_b = a.network->open_link("b");
  const auto to_a = b.network->open_link("a");
  constexpr uint64_t count = 500;
  for (uint64_t i = 1; i <= count; ++i) {
    ASSERT_TRUE(to_a->send(make_step(i, 700)));
    ASSERT_TRUE(to_b->send(make_step(i, 700)));
  }
  for (TestNode* node : {&a, &b}) {
    ASSERT_TRUE(node->wait_until([](const Heard& heard) { return heard.ring_messages.size() == count; }));
    const auto steps = node->heard().ring_messages;
    for (uint64_t i = 1; i <= count; ++i) ASSERT_EQ(step_number(steps[i - 1].second), i);
  }
}

TEST(PeerNetwork, TheDialledSideAloneMayOpenTheRing) {
  TestNode a("a"), b("b");
  connect(a, b);
  ASSERT_TRUE(b.network->open_link("a")->send(make_step(7, 10)));
  ASSERT_TRUE(a.wait_until([](const Heard& heard) { return heard.ring_messages.size() == 1; }));
  EXPECT_EQ(a.heard().ring_messages[0].first, "b");
}

TEST(PeerNetwork, ALargeStepArrivesWhole) {
  TestNode a("a"), b("b");
  connect(a, b);
  StepMessage step = make_step(1, 20'000'000);  // 80 MB
  for (size_t i = 0; i < step.hidden.size(); ++i) step.hidden[i] = static_cast<float>(i % 1000);
  const std::vector<float> hidden = step.hidden;
  ASSERT_TRUE(a.network->open_link("b")->send(std::move(step)));
  ASSERT_TRUE(b.wait_until([](const Heard& heard) { return heard.ring_messages.size() == 1; }));
  EXPECT_TRUE(std::get<StepMessage>(b.heard().ring_messages[0].second).hidden == hidden);
}

TEST(PeerNetwork, AStepTooLargeForAMessageBreaksTheLink) {
  auto settings = TestNode::quick_settings();
  settings.message_bytes_limit = 100'000;
  TestNode a("a", settings), b("b", settings);
  connect(a, b);
  const auto link = a.network->open_link("b");
  ASSERT_TRUE(link->send(make_step(1, 20'000)));
  EXPECT_FALSE(link->send(make_step(2, 30'000)));
  EXPECT_FALSE(link->send(make_step(3, 10)));
  ASSERT_TRUE(a.wait_until([](const Heard& heard) { return !heard.lost.empty(); }));
  EXPECT_EQ(a.heard().lost[0].second.code, ErrorCode::resource_exhausted);
}

TEST(PeerNetwork, APeerThatDoesNotReadFillsItsQueueAndIsDropped) {
  auto settings = TestNode::quick_settings();
  settings.ring_queue = {.frames = 1000, .bytes = 200 << 20};
  TestNode a("a", settings), b("b", settings);
  std::promise<void> go;
  std::shared_future<void> released = go.get_future().share();
  b.on_step = [released](const NodeId&, const RingMessage&) { released.wait(); };
  connect(a, b);
  const auto link = a.network->open_link("b");
  int64_t sent = 0;
  while (sent < 1000 && link->send(make_step(1, 1 << 18))) ++sent;
  EXPECT_GT(sent, 100);
  EXPECT_LT(sent, 1000);
  EXPECT_FALSE(link->send(make_step(1, 10)));
  EXPECT_TRUE(a.wait_lost(b));
  EXPECT_THAT(a.heard().lost[0].second.message, HasSubstr("its queue for steps is full"));
  go.set_value();
}

TEST(PeerNetwork, AControlQueueHasALimitToo) {
  auto settings = TestNode::quick_settings();
  settings.control_queue = {.frames = 10, .bytes = 1 << 20};
  TestNode a("a", settings), b("b", settings);
  std::promise<void> go;
  std::shared_future<void> released = go.get_future().share();
  b.on_step = [released](const NodeId&, const RingMessage&) { released.wait(); };
  connect(a, b);
  ASSERT_TRUE(a.network->open_link("b")->send(make_step(1, 10)));
  RequestAccepted large;
  large.request = "r";
  large.prompt.assign(100'000, 1);
  bool refused = false;
  for (int i = 0; i < 10'000 && !refused; ++i) refused = !a.network->send("b", large);
  EXPECT_TRUE(refused);
  go.set_value();
}

TEST(PeerNetwork, ANodeThatStopsIsLostAfterItsLastWords) {
  TestNode a("a");
  auto b = std::make_unique<TestNode>("b");
  connect(a, *b);
  ASSERT_TRUE(b->network->send("a", Goodbye{}));
  b->network->stop();
  ASSERT_TRUE(a.wait_lost(*b));
  EXPECT_EQ(a.heard().messages.size(), 1u);
  EXPECT_FALSE(a.network->send("b", Goodbye{}));
}

TEST(PeerNetwork, LastWordsArriveFromTheSideThatDialledToo) {
  TestNode a("a");
  auto b = std::make_unique<TestNode>("b");
  connect(*b, a);
  ASSERT_TRUE(b->network->open_link("a")->send(make_step(1, 10)));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(b->network->send("a", Goodbye{}));
  b->network->stop();
  ASSERT_TRUE(a.wait_lost(*b));
  EXPECT_EQ(a.heard().messages.size(), 1000u);
}

TEST(PeerNetwork, ADroppedPeerIsLostOnBothSidesAndDialledAgain) {
  TestNode a("a"), b("b");
  connect(a, b);
  const auto link = a.network->open_link("b");
  b.network->drop_peer("a", {ErrorCode::corrupt_data, "broke the rules"});
  ASSERT_TRUE(b.wait_until([](const Heard& heard) { return heard.lost.size() == 1; }));
  EXPECT_EQ(b.heard().lost[0].second, (Error{ErrorCode::corrupt_data, "broke the rules"}));
  ASSERT_TRUE(a.wait_until([](const Heard& heard) { return heard.joined.size() == 2; }));
  ASSERT_TRUE(b.wait_connected(a));
  EXPECT_FALSE(link->send(make_step(1, 10))) << "a link belongs to one connection";
  EXPECT_TRUE(a.network->open_link("b")->send(make_step(1, 10)));
  EXPECT_TRUE(b.wait_until([](const Heard& heard) { return heard.ring_messages.size() == 1; }));
}

TEST(PeerNetwork, ANodeThatComesBackJoinsAsNew) {
  TestNode a("a");
  auto b = std::make_unique<TestNode>("b");
  const int32_t port = b->network->port();
  connect(a, *b);
  b.reset();
  auto settings = TestNode::quick_settings();
  settings.port = port;
  TestNode again("b", settings);
  ASSERT_TRUE(a.wait_until([](const Heard& heard) { return heard.joined.size() == 2; }));
  EXPECT_NE(a.heard().joined[0].incarnation, a.heard().joined[1].incarnation);
}

TEST(PeerNetwork, NodesThatDialEachOtherAtTheSameTimeEndWithOneConnection) {
  for (int round = 0; round < 30; ++round) {
    TestNode a("a"), b("b");
    std::thread dialling([&] { a.dial(b); });
    b.dial(a);
    dialling.join();
    ASSERT_TRUE(a.wait_connected(b));
    ASSERT_TRUE(b.wait_connected(a));
    ASSERT_TRUE(a.network->send("b", Goodbye{}));
    ASSERT_TRUE(b.network->send("a", Goodbye{}));
    for (TestNode* node : {&a, &b}) {
      ASSERT_TRUE(node->wait_until([](const Heard& heard) { return heard.messages.size() == 1; }));
      const Heard heard = node->heard();
      EXPECT_EQ(heard.joined.size(), 1u) << "round " << round;
      EXPECT_EQ(heard.lost.size(), 0u) << "round " << round;
    }
  }
}

TEST(PeerNetwork, FiveNodesThatAllDialEachOtherAreAllConnected) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<TestNode>> nodes;
  for (const char* id : {"n1", "n2", "n3", "n4", "n5"}) nodes.push_back(std::make_unique<TestNode>(id));
  for (const auto& from : nodes) {
    for (const auto& to : nodes) from->dial(*to);
  }
  for (const auto& from : nodes) {
    for (const auto& to : nodes) {
      if (from == to) continue;
      ASSERT_TRUE(from->wait_connected(*to)) << from->id() << " " << to->id();
    }
  }
  // A node may have been lost, and have joined anew, only when the machine stood still for longer than a
  // handshake may take.
  const bool was_paused =
      std::chrono::steady_clock::now() - begin > TestNode::quick_settings().handshake_deadline;
  for (const auto& node : nodes) {
    const Heard heard = node->heard();
    EXPECT_EQ(heard.joined.size() - heard.lost.size(), 4u) << node->id();
    EXPECT_TRUE(heard.lost.empty() || was_paused) << node->id();
  }
}

// Takes what this process logs while the object exists.
class LogCapture {
 public:
  LogCapture() : file_(std::tmpfile()), stderr_(dup(STDERR_FILENO)) { dup2(fileno(file_), STDERR_FILENO); }
  ~LogCapture() {
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
    std::fclose(file_);
  }
  std::string text() const {
    std::string text(1 << 16, 0);
    const ssize_t size = pread(fileno(file_), text.data(), text.size(), 0);
    text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }
  // Waits for `part`, at most 30 s, and returns all that was logged.
  std::string wait_for(const std::string& part) const {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (text().find(part) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    return text();
  }

 private:
  std::FILE* file_;
  int stderr_;
};

std::string failed_handshake(TestNode& from, const NodeId& node, int32_t port) {
  const LogCapture log;
  from.dial(node, port);
  return log.wait_for("cannot join");
}

TEST(PeerNetwork, NodesOfDifferentVersionsRefuseEachOtherAndSaySoOnBothSides) {
  TestNode a("a", TestNode::quick_settings(), "1.0.0"), b("b", TestNode::quick_settings(), "2.0.0");
  const std::string log = failed_handshake(a, "b", b.network->port());
  EXPECT_THAT(log, HasSubstr("cannot join b at 127.0.0.1"));
  EXPECT_THAT(
      log,
      HasSubstr("refused the node at 127.0.0.1: node b runs Shoal 2.0.0, the node at 127.0.0.1 runs 1.0.0"));
  EXPECT_TRUE(a.heard().joined.empty());
  EXPECT_TRUE(b.heard().joined.empty());
}

TEST(PeerNetwork, TwoNodesWithOneIdRefuseEachOtherAndSaySoOnBothSides) {
  TestNode a("same"), b("same");
  const std::string log = failed_handshake(a, "same", b.network->port());
  EXPECT_THAT(log, HasSubstr("cannot join same at 127.0.0.1"));
  EXPECT_THAT(log, HasSubstr("refused the node at 127.0.0.1: two nodes with id same"));
  EXPECT_TRUE(a.heard().joined.empty());
  EXPECT_TRUE(b.heard().joined.empty());
}

TEST(PeerNetwork, ASecondNodeWithTheIdOfALivePeerIsRefusedAndTheFirstStays) {
  TestNode a("a"), first("same"), second("same");
  connect(first, a);
  const std::string log = failed_handshake(second, "a", a.network->port());
  EXPECT_THAT(log, HasSubstr("two nodes with id same: one at 127.0.0.1, which is connected to a"));
  EXPECT_TRUE(second.heard().joined.empty());
  EXPECT_TRUE(a.heard().lost.empty());
  EXPECT_TRUE(a.network->send("same", Goodbye{}));
  EXPECT_TRUE(first.wait_until([](const Heard& heard) { return heard.messages.size() == 1; }));
}

TEST(PeerNetwork, ANodeThatIsNotWhoWasExpectedIsNotJoined) {
  TestNode a("a"), b("b");
  const std::string log = failed_handshake(a, "c", b.network->port());
  EXPECT_THAT(log, HasSubstr("cannot join c at 127.0.0.1"));
  EXPECT_THAT(log, HasSubstr("here is node b, not c"));
  EXPECT_TRUE(b.heard().joined.empty());
}

TEST(PeerNetwork, APortInUseIsAClearError) {
  TestNode a("a");
  auto settings = TestNode::quick_settings();
  settings.port = a.network->port();
  const auto second = PeerNetwork::listen(settings);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_THAT(second.error().message,
              HasSubstr(fmt::format("127.0.0.1:{}: the port is in use", settings.port)));
  settings.port = 70000;
  EXPECT_EQ(PeerNetwork::listen(settings).error().code, ErrorCode::invalid_argument);
  settings.port = 0;
  settings.host = "10.255.255.254";
  EXPECT_EQ(PeerNetwork::listen(settings).error().code, ErrorCode::invalid_argument);
}

TEST(PeerNetwork, NobodyIsReachedBeforeStartOrAfterStop) {
  TestNode a("a"), b("b");
  EXPECT_FALSE(a.network->send("b", Goodbye{}));
  EXPECT_FALSE(a.network->open_link("b")->send(make_step(1, 10)));
  connect(a, b);
  const auto link = a.network->open_link("b");
  a.network->stop();
  a.network->stop();
  EXPECT_FALSE(a.network->send("b", Goodbye{}));
  EXPECT_FALSE(link->send(make_step(1, 10)));
  a.network->drop_peer("b", {ErrorCode::internal, ""});
  a.dial(b);
  EXPECT_TRUE(a.heard().lost.empty()) << "no event comes after stop";
  EXPECT_TRUE(PeerNetwork::listen(TestNode::quick_settings()));  // it is destroyed without a start
}

int64_t count_entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

// Counts no other descriptors, because sanitizers keep pipes and the like for the whole process.
int64_t count_sockets() {
  int64_t count = 0;
  for (const auto& descriptor : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed_meanwhile;
    if (std::filesystem::read_symlink(descriptor, closed_meanwhile).native().starts_with("socket:")) ++count;
  }
  return count;
}

// Counts the threads of network loops and of listeners.
int64_t count_own_threads() {
  int64_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && (name == "net" || name == "listen")) ++count;
  }
  return count;
}

TEST(PeerNetwork, AHundredConnectionsLeaveNoThreadAndNoSocketBehind) {
  auto one_round = [](TestNode& a) {
    TestNode b("b");
    connect(b, a);
    ASSERT_TRUE(b.network->open_link("a")->send(make_step(1, 10)));
    b.network->stop();  // the ring stream may still be about to be opened
    ASSERT_TRUE(a.wait_lost(b));
  };
  TestNode a("a");
  const int64_t sockets = count_sockets();
  for (int i = 0; i < 5; ++i) one_round(a);  // starts the threads that libraries keep for the whole process
  const int64_t threads = count_entries("/proc/self/task");
  for (int i = 0; i < 100; ++i) one_round(a);
  // The sockets of `a` are closed a moment after those of `b`.
  const auto deadline = std::chrono::steady_clock::now() + seconds(5);
  while (count_sockets() > sockets && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_EQ(count_sockets(), sockets);
  EXPECT_EQ(count_own_threads(), 2);
  EXPECT_LE(count_entries("/proc/self/task"), threads);
}

}  // namespace
}  // namespace shoal
