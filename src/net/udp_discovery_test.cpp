#include "net/udp_discovery.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "net/node_for_test.h"

namespace shoal {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// A UDP port that was free a moment ago, so that no test hears the nodes of another.
int32_t free_udp_port() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

void send_to_loopback(int32_t port, std::string_view datagram) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(
      sendto(fd, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      std::ssize(datagram));
  close(fd);
}

UdpDiscoverySettings loopback_settings(NodeId node, uint64_t incarnation, int32_t port) {
  UdpDiscoverySettings settings{};
  settings.node = std::move(node);
  settings.incarnation = incarnation;
  settings.version = "1.2.3";
  settings.host = "127.0.0.1";
  settings.peer_port = 50051;
  settings.listen_port = settings.broadcast_port = port;
  settings.shortest_interval = milliseconds(5);
  settings.longest_interval = milliseconds(20);
  return settings;
}

class Listening {
 public:
  explicit Listening(UdpDiscoverySettings settings) {
    auto listening = UdpDiscovery::listen(std::move(settings));
    EXPECT_TRUE(listening) << listening.error().message;
    discovery_ = *std::move(listening);
    discovery_->start([this](PeerCandidate candidate) {
      {
        MutexLock lock(mutex_);
        seen_.insert_or_assign(candidate.node, std::move(candidate));
      }
      changed_.notify_all();
    });
  }
  ~Listening() { discovery_->stop(); }

  bool wait_for(const NodeId& node) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    MutexLock lock(mutex_);
    while (!seen_.contains(node)) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) return false;
    }
    return true;
  }
  std::map<NodeId, PeerCandidate> seen() {
    MutexLock lock(mutex_);
    return seen_;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<NodeId, PeerCandidate> seen_ GUARDED_BY(mutex_);
  std::unique_ptr<UdpDiscovery> discovery_;
};

Announcement sample_announcement() {
  return {.version = "1.2.3",
          .cluster = "home",
          .node = "a",
          .incarnation = 0xfedcba9876543210,
          .peer_port = 50051,
          .priority = 4,
          .interface_name = "eth0",
          .interface_type = "Ethernet"};
}

TEST(Announcement, ComesBackEqual) {
  const auto parsed = parse_announcement(format_announcement(sample_announcement()));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, sample_announcement());
}

TEST(Announcement, WhatIsNoneIsAnError) {
  Announcement bad_port = sample_announcement(), bad_node = sample_announcement();
  bad_port.peer_port = 70000;
  bad_node.node = "a/b";
  const std::string good = format_announcement(sample_announcement());
  // The third is an announcement of exo, which uses the same port.
  const std::vector<std::string> datagrams = {
      "",
      "hello",
      R"({"type": "discovery", "node_id": "x", "grpc_port": 1, "device_capabilities": {}, "priority": 1, "interface_name": "lo", "interface_type": "Loopback"})",
      "[1]",
      R"({"type": 5})",
      R"({"type": "shoal-discovery"})",
      good.substr(0, good.size() - 1),
      format_announcement(bad_port),
      format_announcement(bad_node),
      std::string(1400, '[')};
  for (const std::string& datagram : datagrams) EXPECT_FALSE(parse_announcement(datagram)) << datagram;
}

TEST(UdpDiscovery, ThreeNodesOnOneMachineAllSeeEachOther) {
  const int32_t port = free_udp_port();
  Listening a(loopback_settings("a", 1, port)), b(loopback_settings("b", 2, port)),
      c(loopback_settings("c", 3, port));
  for (Listening* node : {&a, &b, &c}) {
    for (const char* id : {"a", "b", "c"}) {
      const bool is_itself =
          (node == &a && *id == 'a') || (node == &b && *id == 'b') || (node == &c && *id == 'c');
      EXPECT_EQ(is_itself ? node->seen().contains(id) : node->wait_for(id), !is_itself) << id;
    }
  }
  const PeerCandidate seen = a.seen().at("b");
  EXPECT_EQ(seen.address, "127.0.0.1");
  EXPECT_EQ(seen.port, 50051);
  EXPECT_EQ(seen.description, "UDP");
  EXPECT_EQ(seen.priority, interface_priority("Loopback"));
}

TEST(UdpDiscovery, NodesThatAreFoundJoin) {
  const int32_t port = free_udp_port();
  std::vector<std::unique_ptr<TestNode>> nodes;
  std::vector<std::unique_ptr<UdpDiscovery>> discoveries;
  for (const char* id : {"a", "b", "c"}) {
    nodes.push_back(std::make_unique<TestNode>(id));
    auto settings = loopback_settings(id, nodes.back()->incarnation(), port);
    settings.peer_port = nodes.back()->network->port();
    discoveries.push_back(*UdpDiscovery::listen(settings));
    discoveries.back()->start([node = nodes.back().get()](PeerCandidate candidate) {
      node->network->add_candidate(std::move(candidate));
    });
  }
  for (const auto& from : nodes) {
    for (const auto& to : nodes) EXPECT_TRUE(from == to || from->wait_connected(*to));
  }
  for (const auto& discovery : discoveries) discovery->stop();
}

TEST(UdpDiscovery, AnotherNodeWithTheSameIdIsACandidateSoThatItIsTold) {
  const int32_t port = free_udp_port();
  Listening a(loopback_settings("same", 1, port)), b(loopback_settings("same", 2, port));
  EXPECT_TRUE(a.wait_for("same"));
  EXPECT_TRUE(b.wait_for("same"));
}

TEST(UdpDiscovery, OtherClustersVersionsNodesAndInterfacesAreNotSeen) {
  const int32_t port = free_udp_port();
  auto own = loopback_settings("own", 1, port);
  own.allowed_nodes = {"welcome", "cluster", "version", "interface"};
  own.allowed_interface_types = {"Loopback"};
  Listening listening(own);
  Announcement announcement = sample_announcement();
  announcement.cluster = "";
  announcement.interface_type = "Loopback";
  auto send = [&](const NodeId& node, auto change) {
    Announcement changed = announcement;
    changed.node = node;
    change(changed);
    send_to_loopback(port, format_announcement(changed));
  };
  send("cluster", [](Announcement& changed) { changed.cluster = "other"; });
  send("version", [](Announcement& changed) { changed.version = "9"; });
  send("interface", [](Announcement& changed) { changed.interface_type = "WiFi"; });
  send("stranger", [](Announcement&) {});
  send_to_loopback(port, "{\"type\": \"shoal-discovery\", \"node_id\": 5}");
  send("welcome", [](Announcement&) {});
  ASSERT_TRUE(listening.wait_for("welcome"));
  EXPECT_EQ(listening.seen().size(), 1u) << "datagrams of one sender arrive in order";
}

TEST(UdpDiscovery, APortThatAnotherProgramHoldsAloneIsAClearError) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  auto settings = loopback_settings("a", 1, ntohs(address.sin_port));
  const auto listening = UdpDiscovery::listen(settings);
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::unavailable);
  EXPECT_THAT(listening.error().message, HasSubstr("--listen-port"));
  close(fd);
  settings.listen_port = 0;
  EXPECT_EQ(UdpDiscovery::listen(settings).error().code, ErrorCode::invalid_argument);
}

TEST(Interfaces, LoopbackIsThereAndItsBroadcastReachesEveryNodeOfTheMachine) {
  const auto interfaces = list_interfaces();
  const auto loopback = std::ranges::find(interfaces, "127.0.0.1", &Interface::address);
  ASSERT_NE(loopback, interfaces.end());
  EXPECT_EQ(loopback->type, "Loopback");
  EXPECT_EQ(loopback->broadcast, "127.255.255.255");
}

TEST(Interfaces, TypesFollowFromNamesAndContainersComeLast) {
  const std::vector<std::pair<std::string, std::string>> types = {{"lo", "Loopback"},
                                                                  {"eth0", "Ethernet"},
                                                                  {"enp3s0", "Ethernet"},
                                                                  {"wlan0", "WiFi"},
                                                                  {"wlp2s0", "WiFi"},
                                                                  {"thunderbolt0", "Thunderbolt"},
                                                                  {"tun0", "External Virtual"},
                                                                  {"tailscale0", "External Virtual"},
                                                                  {"docker0", "Container Virtual"},
                                                                  {"br-1234", "Container Virtual"},
                                                                  {"veth12", "Container Virtual"},
                                                                  {"foo0", "Other"}};
  for (const auto& [name, type] : types) EXPECT_EQ(interface_type(name), type) << name;
  EXPECT_GT(interface_priority("Thunderbolt"), interface_priority("Ethernet"));
  EXPECT_GT(interface_priority("Ethernet"), interface_priority("WiFi"));
  EXPECT_GT(interface_priority("WiFi"), interface_priority("Container Virtual"));
}

}  // namespace
}  // namespace shoal
