// Peers that write raw bytes to a node and break the rules, or use up what the node allows.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "cluster/report_check.h"
#include "net/frame_bytes_for_test.h"
#include "net/frames.h"
#include "net/node_for_test.h"
#include "net/wire.h"
#include "net/wire_samples_for_test.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Heard = TestNode::Heard;

// A plain socket that is connected to a node. No read or write waits longer than 30 s.
class RawPeer {
 public:
  // `from` is the loopback address that the node sees.
  explicit RawPeer(const TestNode& node, const std::string& from = "127.0.0.1")
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, from.c_str(), &address.sin_addr);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    address.sin_port = htons(static_cast<uint16_t>(node.network->port()));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() { close(socket_); }

  // False when the node has closed the connection, or has read nothing for 30 s.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }
  bool send(const EncodedFrame& frame) { return send(bytes_of(frame)); }

  // Waits until the node closes the connection, and drops what comes before; false after 30 s without a byte.
  bool is_closed_by_node() {
    std::array<char, 4096> dropped;
    ssize_t count = 0;
    while ((count = recv(socket_, dropped.data(), dropped.size(), 0)) > 0) {
    }
    return count == 0 || errno == ECONNRESET;
  }

  // The kind and the message of the next frame; nullopt when the connection ends or nothing comes for 30 s.
  std::optional<std::pair<FrameKind, std::string>> read() {
    while (true) {
      auto frame = reader_.next();
      EXPECT_TRUE(frame);
      if (!frame) return std::nullopt;
      if (*frame) return std::pair((*frame)->kind, std::string((*frame)->message));
      const std::span<std::byte> space = reader_.space();
      const ssize_t count = recv(socket_, space.data(), space.size(), 0);
      if (count <= 0) return std::nullopt;
      reader_.advance(static_cast<size_t>(count));
    }
  }

  // Shakes hands as a well-behaved node of this id would, and returns the key for its ring stream.
  uint64_t join(const TestNode& node, const NodeId& as) {
    EXPECT_TRUE(send(hello(node, as)));
    const auto answer = read();
    EXPECT_TRUE(answer && answer->first == FrameKind::control);
    const auto decoded = answer ? decode_control(answer->second, "1.2.3") : fail(ErrorCode::internal, "");
    if (!decoded || !std::holds_alternative<Hello>(*decoded)) {
      ADD_FAILURE() << "no hello came back";
      return 0;
    }
    EXPECT_TRUE(send(encode(Ready{})));
    return std::get<Hello>(*decoded).ring_key;
  }

  static EncodedFrame hello(const TestNode& to, const NodeId& as, const std::string& version = "1.2.3") {
    Hello hello{.expected_node = to.id(), .report = {}, .ring_key = 0};
    hello.report.node = as;
    hello.report.version = version;
    hello.report.incarnation = 5;
    return encode(hello);
  }

 private:
  int socket_;
  FrameReader reader_{1 << 20};
};

void expect_alive(TestNode& node) {
  TestNode other("other");
  other.dial(node);
  EXPECT_TRUE(other.wait_connected(node));
}

std::string refusal_of(RawPeer& peer) {
  const auto word = peer.read();
  if (!word || word->first != FrameKind::refusal) return "no refusal";
  const auto error = decode_refusal(word->second);
  return error ? error->message : error.error().message;
}

TEST(HostilePeer, WhatIsNoHelloIsClosedAtOnce) {
  auto settings = TestNode::quick_settings();
  settings.handshake_deadline = std::chrono::hours(1);
  TestNode node("a", settings);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string(100, '\0'), frame_header(9, 0, 0), frame_header(1, 0xffffffff, 0),
        frame_header(2, 0xffffffff, 0xfffffffc), frame_header(1, 256 << 10, 0), frame_header(1, 0, 0),
        frame_header(2, 0, 0), frame_header(3, 0, 0), bytes_of(encode(Ready{})),
        bytes_of(encode(PeerMessage(Goodbye{})))}) {
    RawPeer peer(node);
    EXPECT_TRUE(peer.send(bytes));
    EXPECT_TRUE(peer.is_closed_by_node()) << bytes.substr(0, 16);
  }
  EXPECT_TRUE(node.heard().joined.empty());
  expect_alive(node);
}

TEST(HostilePeer, AFrameThatIsCutOffLeavesNothing) {
  TestNode node("a");
  const std::string hello = bytes_of(RawPeer::hello(node, "raw"));
  for (size_t count = 0; count < hello.size(); ++count)
    RawPeer(node).send(std::string_view(hello).substr(0, count));
  EXPECT_TRUE(node.heard().joined.empty());
  expect_alive(node);
}

TEST(HostilePeer, WhoSaysNoHelloInTimeIsClosed) {
  auto settings = TestNode::quick_settings();
  settings.handshake_deadline = milliseconds(50);
  TestNode node("a", settings);
  RawPeer silent(node), slow(node), half_way(node);
  EXPECT_TRUE(slow.send("Shol"));
  EXPECT_TRUE(half_way.send(RawPeer::hello(node, "raw")));  // but it never says that it is ready
  EXPECT_TRUE(silent.is_closed_by_node());
  EXPECT_TRUE(slow.is_closed_by_node());
  EXPECT_TRUE(half_way.is_closed_by_node());
}

TEST(HostilePeer, OneMoreByteNowAndThenDoesNotMoveTheDeadline) {
  auto settings = TestNode::quick_settings();
  settings.handshake_deadline = milliseconds(50);
  TestNode node("a", settings);
  RawPeer peer(node);
  EXPECT_TRUE(peer.send(frame_header(1, 200 << 10, 0)));
  constexpr int patience = 20'000;  // bytes, far fewer than the header has announced
  int sent = 0;
  for (; sent < patience && peer.send("x"); ++sent) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_LT(sent, patience) << "the deadline, and nothing else, is to end it";
  EXPECT_TRUE(peer.is_closed_by_node());
}

TEST(HostilePeer, ASecondHelloEndsTheConnection) {
  TestNode node("a");
  RawPeer peer(node);
  peer.join(node, "raw");
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.is_connected("raw"); }));
  EXPECT_TRUE(peer.send(RawPeer::hello(node, "raw")));
  EXPECT_TRUE(peer.is_closed_by_node());
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.lost.size() == 1; }));
  EXPECT_EQ(node.heard().lost[0].second.code, ErrorCode::corrupt_data);
  EXPECT_THAT(node.heard().lost[0].second.message, HasSubstr("raw at 127.0.0.1: a message out of turn"));
}

TEST(HostilePeer, AFrameThatDoesNotBelongOnItsStreamEndsTheConnection) {
  for (const std::string& bytes :
       {bytes_of(encode(RingFrame(RingHello{.node = "raw", .ring_key = 1}))),
        bytes_of(encode(Error{ErrorCode::internal, "no"})), frame_header(1, 300 << 20, 0),
        frame_header(1, 0, 4), std::string("nonsense of 16 b")}) {
    TestNode node("a");
    RawPeer peer(node);
    peer.join(node, "raw");
    ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.is_connected("raw"); }));
    EXPECT_TRUE(peer.send(bytes));
    EXPECT_TRUE(peer.is_closed_by_node());
    ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.lost.size() == 1; }));
    EXPECT_EQ(node.heard().lost[0].second.code, ErrorCode::corrupt_data);
    EXPECT_THAT(node.heard().lost[0].second.message, HasSubstr("raw at 127.0.0.1"));
  }
}

TEST(HostilePeer, ARingStreamNeedsTheKeyOfAConnection) {
  TestNode node("a");
  RawPeer control(node);
  const uint64_t key = control.join(node, "raw");
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.is_connected("raw"); }));
  auto ring_hello = [&](const NodeId& as, uint64_t said) {
    return encode(RingFrame(RingHello{.node = as, .ring_key = said}));
  };
  const StepFailure failure{.instance = "m", .epoch = {1, "a"}, .number = 7, .node = "raw", .error = {}};
  RawPeer wrong(node), other(node), hasty(node), right(node), second(node);
  EXPECT_TRUE(wrong.send(ring_hello("raw", key + 1)));
  EXPECT_THAT(refusal_of(wrong), HasSubstr("belongs to no connection"));
  EXPECT_TRUE(other.send(ring_hello("a", key)));
  EXPECT_THAT(refusal_of(other), HasSubstr("belongs to no connection"));
  EXPECT_TRUE(hasty.send(encode(RingFrame(RingMessage(failure)))));
  EXPECT_THAT(refusal_of(hasty), HasSubstr("belongs to no connection"));
  EXPECT_TRUE(right.send(ring_hello("raw", key)));
  EXPECT_TRUE(right.send(encode(RingFrame(RingMessage(failure)))));
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.ring_messages.size() == 1; }));
  EXPECT_TRUE(second.send(ring_hello("raw", key)));
  EXPECT_THAT(refusal_of(second), HasSubstr("belongs to no connection"));
  EXPECT_TRUE(node.heard().lost.empty());
  EXPECT_TRUE(right.send(ring_hello("raw", key)));
  EXPECT_TRUE(right.is_closed_by_node());
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.lost.size() == 1; }));
  EXPECT_THAT(node.heard().lost[0].second.message, HasSubstr("a second hello on the ring stream"));
}

TEST(HostilePeer, AFloodOfSmallFramesOfAStrangerEndsAtTheFirst) {
  TestNode node("a");
  std::string flood;
  for (int i = 0; i < 100'000; ++i) flood += frame_header(1, 0, 0);
  RawPeer peer(node);
  while (peer.send(flood)) {
  }
  EXPECT_TRUE(peer.is_closed_by_node());
  expect_alive(node);
}

TEST(HostilePeer, AFloodBehindARefusalIsNotKept) {
  TestNode node("a");
  const std::string flood(1 << 20, 'x');
  RawPeer peer(node);
  EXPECT_TRUE(peer.send(RawPeer::hello(node, "raw", "9.9.9")));
  for (int i = 0; i < 1000 && peer.send(flood); ++i) {
  }
  expect_alive(node);
}

TEST(HostilePeer, SmallFramesOfAPeerAreAllHeardWhileOthersAreHeardToo) {
  TestNode node("a");
  RawPeer peer(node);
  peer.join(node, "raw");
  ASSERT_TRUE(node.wait_until([](const Heard& heard) { return heard.is_connected("raw"); }));
  constexpr size_t count = 50'000;
  std::string flood;
  for (size_t i = 0; i < count; ++i) flood += bytes_of(encode(PeerMessage(Goodbye{})));
  EXPECT_TRUE(peer.send(flood));
  expect_alive(node);
  EXPECT_TRUE(node.wait_until([](const Heard& heard) { return heard.messages.size() == count; }));
}

TEST(HostilePeer, SilentConnectionsFromOneAddressDoNotKeepOthersOut) {
  auto settings = TestNode::quick_settings();
  settings.handshake_deadline = std::chrono::hours(1);
  TestNode node("a", settings);
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 300; ++i) silent.push_back(std::make_unique<RawPeer>(node));
  for (size_t i = 0; i < 300 - 128; ++i) EXPECT_TRUE(silent[i]->is_closed_by_node()) << i;
  expect_alive(node);
}

TEST(HostilePeer, OfSilentConnectionsFromAsManyAddressesTheOldestLeaves) {
  auto settings = TestNode::quick_settings();
  settings.handshake_deadline = std::chrono::hours(1);
  TestNode node("a", settings);
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 129; ++i)  // the address of the newest comes first in the alphabet
    silent.push_back(std::make_unique<RawPeer>(node, fmt::format("127.0.0.{}", 238 - i)));
  EXPECT_TRUE(silent[0]->is_closed_by_node());
  EXPECT_TRUE(silent[128]->send(RawPeer::hello(node, "raw")));
  EXPECT_TRUE(silent[128]->read());
}

TEST(HostilePeer, ConnectionsThatAreResetAtOnceLeaveANodeThatAnswers) {
  TestNode node("a");
  const std::string hello = bytes_of(RawPeer::hello(node, "raw"));
  for (int i = 0; i < 2000; ++i) {
    RawPeer peer(node);
    if (i % 3 == 0) peer.send(hello);
    if (i % 3 == 1) peer.send(std::string_view(hello).substr(0, 9));
  }
  expect_alive(node);
}

TEST(HostilePeer, OneAddressHasALimitOfConnections) {
  auto settings = TestNode::quick_settings();
  settings.peers_per_address = 2;
  TestNode node("a", settings);
  RawPeer first(node), second(node), third(node);
  first.join(node, "one");
  second.join(node, "two");
  EXPECT_TRUE(third.send(RawPeer::hello(node, "three")));
  EXPECT_THAT(refusal_of(third),
              HasSubstr("2 connections from 127.0.0.1, which is its limit for one address"));
  EXPECT_TRUE(third.is_closed_by_node());
}

TEST(HostilePeer, TheLongestReportFitsIntoAHello) {
  Hello hello{.expected_node = "a", .report = {}, .ring_key = 0};
  hello.report.node = "raw";
  hello.report.version = "1.2.3";
  const std::string part(250, 'x');
  for (int64_t i = 0; i < report_model_limit; ++i) {
    const size_t length = report_name_bytes_limit / report_model_limit;
    hello.report.models.push_back(
        {.name = fmt::format("{:0>{}}", i, length), .fingerprint = sample_fingerprint()});
  }
  for (int64_t i = 0; i < report_shard_limit; ++i) {
    hello.report.shards.push_back({.instance = fmt::format("{}/{}/{}/{}", part, part, part, i),
                                   .epoch = {uint64_t{1} << 40, part},
                                   .first_layer = 100,
                                   .end_layer = 200,
                                   .is_head = true,
                                   .is_loaded = true,
                                   .bytes_loaded = int64_t{1} << 40,
                                   .bytes_total = int64_t{1} << 40,
                                   .held_bytes = int64_t{1} << 40,
                                   .last_used_ms_ago = int64_t{1} << 40});
  }
  ASSERT_TRUE(check_report(hello.report));
  TestNode node("a");
  RawPeer peer(node);
  EXPECT_TRUE(peer.send(encode(hello)));
  const auto answer = peer.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->first, FrameKind::control);
}

TEST(HostilePeer, ANodeOfAnotherVersionReadsWhyItIsRefused) {
  TestNode node("a");
  RawPeer peer(node);
  EXPECT_TRUE(peer.send(RawPeer::hello(node, "raw", "9.9.9")));
  EXPECT_THAT(refusal_of(peer), HasSubstr("node a runs Shoal 1.2.3, the node at 127.0.0.1 runs 9.9.9"));
  EXPECT_TRUE(peer.is_closed_by_node());
}

}  // namespace
}  // namespace shoal
