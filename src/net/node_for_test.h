// A node for tests: a PeerNetwork on loopback, and a record of what it hears, on which tests can wait.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "net/peer_network.h"

namespace shoal {

class TestNode final : public PeerEvents {
 public:
  struct Heard {
    std::vector<NodeReport> joined;
    std::vector<std::pair<NodeId, Error>> lost;
    std::vector<std::pair<NodeId, PeerMessage>> messages;
    std::vector<std::pair<NodeId, RingMessage>> ring_messages;

    // Whether the node has joined more often than it was lost.
    bool is_connected(const NodeId& node) const {
      int64_t balance = 0;
      for (const NodeReport& report : joined) balance += report.node == node ? 1 : 0;
      for (const auto& [id, error] : lost) balance -= id == node ? 1 : 0;
      return balance > 0;
    }
  };

  static PeerNetworkSettings quick_settings() {
    PeerNetworkSettings settings;
    settings.host = "127.0.0.1";
    settings.first_retry = std::chrono::milliseconds(20);
    settings.longest_retry = std::chrono::milliseconds(200);
    settings.candidate_lifetime =
        std::chrono::hours(1);  // dial() reports a node only once, where discovery repeats itself
    settings.dial_deadline = settings.handshake_deadline = settings.linger =
        std::chrono::seconds(15);  // the machine may be busy
    return settings;
  }

  explicit TestNode(NodeId id, PeerNetworkSettings settings = quick_settings(), std::string version = "1.2.3",
                    uint64_t incarnation = 0) {
    static uint64_t last_incarnation = 1000;
    own_.node = std::move(id);
    own_.version = std::move(version);
    own_.incarnation = incarnation != 0 ? incarnation : ++last_incarnation;
    own_.api_port = 52415;
    auto listening = PeerNetwork::listen(std::move(settings));
    EXPECT_TRUE(listening) << listening.error().message;
    network = *std::move(listening);
    const auto started = network->start(*this);
    EXPECT_TRUE(started) << started.error().message;
  }
  ~TestNode() override { network->stop(); }

  const NodeId& id() const { return own_.node; }
  uint64_t incarnation() const { return own_.incarnation; }

  void dial(const TestNode& other) { dial(other.id(), other.network->port()); }
  void dial(NodeId node, int32_t port) {
    network->add_candidate({.node = std::move(node),
                            .address = "127.0.0.1",
                            .port = port,
                            .description = "test",
                            .declared = {},
                            .priority = 0});
  }

  // Whether `holds` comes true within 30 s. This is made of many short waits, so that a pause of the whole
  // machine counts as only one of them.
  bool wait_until(const std::function<bool(const Heard&)>& holds) {
    MutexLock lock(mutex_);
    bool held = holds(heard_);
    for (int wait = 0; wait < 300 && !held;) {
      const auto woken = changed_.wait_for(mutex_, std::chrono::milliseconds(100));
      if (woken == std::cv_status::timeout) ++wait;
      held = holds(heard_);
    }
    return held;
  }
  bool wait_connected(const TestNode& other) {
    return wait_until([&](const Heard& heard) { return heard.is_connected(other.id()); });
  }
  bool wait_lost(const TestNode& other) {
    return wait_until(
        [&](const Heard& heard) { return !heard.is_connected(other.id()) && !heard.lost.empty(); });
  }
  Heard heard() {
    MutexLock lock(mutex_);
    return heard_;
  }

  void on_peer_joined(NodeReport report) override {
    note([&](Heard& heard) { heard.joined.push_back(std::move(report)); });
  }
  void on_peer_lost(NodeId node, Error reason) override {
    note([&](Heard& heard) { heard.lost.emplace_back(std::move(node), std::move(reason)); });
  }
  void on_peer_message(NodeId from, PeerMessage message) override {
    note([&](Heard& heard) { heard.messages.emplace_back(std::move(from), std::move(message)); });
  }
  void on_ring_message(NodeId from, RingMessage message) override {
    if (on_step) {
      on_step(from, message);
      return;
    }
    note([&](Heard& heard) { heard.ring_messages.emplace_back(std::move(from), std::move(message)); });
  }
  NodeReport own_report() override { return own_; }

  std::unique_ptr<PeerNetwork> network;
  std::function<void(const NodeId& from, const RingMessage& message)> on_step;  // called instead of recording

 private:
  void note(const std::function<void(Heard&)>& change) {
    {
      MutexLock lock(mutex_);
      change(heard_);
    }
    changed_.notify_all();
  }

  NodeReport own_{};
  Mutex mutex_;
  ConditionVariable changed_;
  Heard heard_ GUARDED_BY(mutex_);
};

}  // namespace shoal
