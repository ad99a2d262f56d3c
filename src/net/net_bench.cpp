// Measures how long a step takes from one process to another and back over loopback: net_bench [ROUNDS]. The
// other process answers on its network thread, so a hop takes half the time.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/peer_network.h"

namespace shoal {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

StepMessage make_step(uint64_t number, int64_t hidden_bytes) {
  StepMessage step{
      .instance = "m",
      .epoch = {1, "a"},
      .number = number,
      .batch = {.sequences = {{.slot = 0, .keep_length = 0, .row_count = 1}}, .released_slots = {}},
      .result_rows = {0},
      .hidden = {},
      .timings = {}};
  step.hidden.resize(static_cast<size_t>(hidden_bytes) / sizeof(float), 1.0F);
  return step;
}

class BenchNode final : public PeerEvents {
 public:
  explicit BenchNode(NodeId id) {
    own_.node = std::move(id);
    own_.version = "1.2.3";
    own_.incarnation = static_cast<uint64_t>(getpid());
    own_.api_port = 52415;
    PeerNetworkSettings settings;
    settings.host = "127.0.0.1";
    auto listening = PeerNetwork::listen(settings);
    if (!listening || !(*listening)->start(*this)) std::exit(1);
    network = *std::move(listening);
  }
  ~BenchNode() override { network->stop(); }

  void on_peer_joined(NodeReport) override { joined_.set_value(); }
  void on_peer_lost(NodeId, Error) override {}
  void on_peer_message(NodeId, PeerMessage) override {}
  void on_ring_message(NodeId, RingMessage message) override { on_step(std::move(message)); }
  NodeReport own_report() override { return own_; }

  void wait_joined() { joined_.get_future().wait(); }

  std::unique_ptr<PeerNetwork> network;
  std::function<void(RingMessage)> on_step;

 private:
  NodeReport own_{};
  std::promise<void> joined_;
};

// Runs in the other process: writes its port to `port_out`, then sends every step back until it is killed.
[[noreturn]] void answer(int port_out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  BenchNode node("b");
  std::shared_ptr<PeerLink> link;
  node.on_step = [&](RingMessage message) {
    if (link == nullptr) link = node.network->open_link("a");
    link->send(std::move(message));
  };
  const int32_t port = node.network->port();
  if (write(port_out, &port, sizeof(port)) != sizeof(port)) std::exit(1);
  while (true) pause();
}

// Sends a step and waits until it is back.
class Pinger {
 public:
  Pinger(BenchNode& node, std::shared_ptr<PeerLink> link) : link_(std::move(link)) {
    node.on_step = [this](RingMessage) {
      {
        MutexLock lock(mutex_);
        is_back_ = true;
      }
      changed_.notify_one();
    };
  }

  double round_trip_us(int64_t hidden_bytes) {
    StepMessage step = make_step(1, hidden_bytes);
    const auto begin = std::chrono::steady_clock::now();
    link_->send(std::move(step));
    MutexLock lock(mutex_);
    while (!is_back_) changed_.wait(mutex_);
    is_back_ = false;
    return Microseconds(std::chrono::steady_clock::now() - begin).count();
  }

 private:
  std::shared_ptr<PeerLink> link_;
  Mutex mutex_;
  ConditionVariable changed_;
  bool is_back_ GUARDED_BY(mutex_) = false;
};

void measure(Pinger& pinger, const char* name, int64_t hidden_bytes, int64_t rounds) {
  for (int64_t i = 0; i < rounds / 10; ++i) pinger.round_trip_us(hidden_bytes);
  std::vector<double> times;
  for (int64_t i = 0; i < rounds; ++i) times.push_back(pinger.round_trip_us(hidden_bytes));
  std::ranges::sort(times);
  fmt::print("{:>6}: round trip median {:7.1f} us, fastest {:7.1f}, 99th of 100 {:7.1f}; a hop {:7.1f}\n",
             name, times[times.size() / 2], times.front(), times[times.size() * 99 / 100],
             times[times.size() / 2] / 2);
}

int run(int64_t rounds) {
  std::array<int, 2> ports{};
  if (pipe(ports.data()) != 0) return 1;
  const pid_t child = fork();  // before there is any thread
  if (child == 0) answer(ports[1]);
  int32_t port = 0;
  if (read(ports[0], &port, sizeof(port)) != sizeof(port)) return 1;
  {
    BenchNode node("a");
    node.network->add_candidate({.node = "b",
                                 .address = "127.0.0.1",
                                 .port = port,
                                 .description = "bench",
                                 .declared = {},
                                 .priority = 0});
    node.wait_joined();
    Pinger pinger(node, node.network->open_link("b"));
    measure(pinger, "64 B", 64, rounds);
    measure(pinger, "28 KB", 28 << 10, rounds);
    measure(pinger, "1 MB", 1 << 20, rounds / 10);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return 0;
}

}  // namespace
}  // namespace shoal

int main(int argument_count, char** arguments) {
  int64_t rounds = 5000;
  if (argument_count > 1) std::from_chars(arguments[1], arguments[1] + std::strlen(arguments[1]), rounds);
  return shoal::run(std::max<int64_t>(rounds, 10));
}
