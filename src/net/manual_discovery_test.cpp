#include "net/manual_discovery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "net/discovery_config.h"

namespace shoal {
namespace {

using testing::HasSubstr;

// A discovery.json as users of exo wrote it to run Kimi-K2 on two Macs.
constexpr std::string_view two_macs = R"({"peers": {
      "m2-studio-main":   {"address": "10.0.2.1", "port": 50051, "device_capabilities": {"model": "Mac Studio", "chip": "Apple M2 Ultra",
                           "memory": 196608, "flops": {"fp32": 26.98, "fp16": 53.96, "int8": 107.92}}},
      "m3-studio-worker": {"address": "10.0.2.2", "port": 50052, "device_capabilities": {"model": "Mac Studio", "chip": "Apple M3 Ultra",
                           "memory": 524288, "flops": {"fp32": 54.26, "fp16": 108.52, "int8": 217.04}}}}})";

TEST(DiscoveryConfig, TheFileOfTheKimiUsersIsRead) {
  const auto peers = parse_discovery_config(two_macs, "discovery.json");
  ASSERT_TRUE(peers) << peers.error().message;
  ASSERT_EQ(peers->size(), 2u);
  const PeerCandidate& main = peers->at(0);
  EXPECT_EQ(main.node, "m2-studio-main");
  EXPECT_EQ(main.address, "10.0.2.1");
  EXPECT_EQ(main.port, 50051);
  EXPECT_EQ(main.description, "MAN");
  EXPECT_EQ(main.declared->device_model, "Mac Studio");
  EXPECT_EQ(main.declared->chip, "Apple M2 Ultra");
  EXPECT_EQ(main.declared->memory_bytes, int64_t{192} << 30);
  EXPECT_EQ(main.declared->flops_fp32, 26.98);
  EXPECT_EQ(main.declared->flops_fp16, 53.96);
  EXPECT_EQ(main.declared->flops_int8, 107.92);
  EXPECT_EQ(peers->at(1).node, "m3-studio-worker");
  EXPECT_EQ(peers->at(1).port, 50052);
}

TEST(DiscoveryConfig, AddressAndPortAreEnoughAndUnknownFieldsAreIgnored) {
  const auto peers = parse_discovery_config(
      R"({"comment": [1, {"peers": 2}, {"peers": 3}, {"a": [{"b": 1}, {"b": 1}]}], "peers": {"b": {"address": "host.local", "port": 1, "x": {"port": "y"}}, "a": {"port": 65535, "address": "fd00::1"}}})",
      "f");
  ASSERT_TRUE(peers) << peers.error().message;
  EXPECT_EQ(peers->at(0).address, "host.local");
  EXPECT_EQ(peers->at(1).node, "a");
  EXPECT_TRUE(parse_discovery_config(R"({"peers": {}})", "f")->empty());
}

TEST(DiscoveryConfig, ErrorsNameFileLineColumnAndField) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "d.json:1:1: "},
      {"{\"peers\": {\n  \"a\": {\"address\": \"10.0.0.1\" \"port\": 1}}}", "d.json:2:36: "},
      {"{\"peers\": {\n  \"a\": {\"address\": \"10.0.0.1\", \"port\": 70000}}}",
       "d.json:2:32: peers.a.port: 70000, must be a port from 1 to 65535"},
      {"{\"peers\": {\n  \"a\": {\"address\": \"10.0.0.1\", \"port\": \"1\"}}}",
       "peers.a.port: \"1\", must be a port"},
      {"{\"peers\": {\"a\": {\"address\": \"10.0.0.1\", \"port\": 1.5}}}",
       "peers.a.port: 1.5, must be a port"},
      {"{\"peers\": {\n\n  \"a\": {\"port\": 1}}}",
       "d.json:3:3: peers.a.address: missing, must be an address"},
      {"{\"peers\": {\"a\": {\"address\": \"\", \"port\": 1}}}", "peers.a.address: \"\", must be an address"},
      {"{\"peers\": {\"a\": {\"address\": 5, \"port\": 1}}}", "peers.a.address: 5, must be an address"},
      {"{\"peers\": {\"a\": 5}}", "d.json:1:12: peers.a: 5, must be an object"},
      {"{\"peers\": []}", "d.json:1:2: peers: [], must be an object"},
      {"{}", "d.json:1:1: peers: missing, must be an object"},
      {"[]", "peers: missing"},
      {"{\"peers\": {\"a\": {\"address\": \"x\", \"port\": 1, \"device_capabilities\": {\"memory\": "
       "\"much\"}}}}",
       "peers.a.device_capabilities.memory: \"much\", must be a number"},
      {"{\"peers\": {\"a\": {\"address\": \"x\", \"port\": 1, \"device_capabilities\": {\"flops\": "
       "{\"fp16\": -1}}}}}",
       "peers.a.device_capabilities.flops.fp16: -1, must be a number"},
      {"{\"peers\": {\"a\": {\"address\": \"x\", \"port\": 1}, \"a\": {\"address\": \"y\", \"port\": 1}}}",
       "d.json:1:46: peers.a: stands twice in the file"},
      {"{\"peers\": {\"a\": {\"address\": \"x\", \"port\": 1}}} tail", "d.json:1:48: "},
  };
  for (const auto& [text, message] : cases) {
    const auto peers = parse_discovery_config(text, "d.json");
    ASSERT_FALSE(peers) << text;
    EXPECT_EQ(peers.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(peers.error().message, HasSubstr(message)) << text;
  }
}

TEST(DiscoveryConfig, AFileThatIsNothingButBracketsIsRefused) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_discovery_config(deep, "d.json"));
}

class ManualDiscoveryTest : public testing::Test {
 protected:
  ManualDiscoveryTest() {
    path_ = std::filesystem::temp_directory_path() / fmt::format("shoal_discovery_{}.json", getpid());
  }
  ~ManualDiscoveryTest() override { std::filesystem::remove(path_); }

  // Puts a new file in the place of the old one at once, as editors do.
  void write(std::string_view text) {
    const auto fresh = path_.string() + ".new";
    std::ofstream(fresh) << text;
    std::filesystem::rename(fresh, path_);
  }

  void start(Discovery& discovery) {
    discovery.start([this](PeerCandidate candidate) {
      {
        MutexLock lock(mutex_);
        seen_.push_back(std::move(candidate));
      }
      changed_.notify_all();
    });
  }

  // Whether this candidate comes from now on, within 10 s.
  bool wait_for(const NodeId& node, int32_t port) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    MutexLock lock(mutex_);
    seen_.clear();
    while (std::chrono::steady_clock::now() < deadline) {
      for (const PeerCandidate& candidate : seen_) {
        if (candidate.node == node && candidate.port == port) return true;
      }
      changed_.wait_until(mutex_, deadline);
    }
    return false;
  }

  std::filesystem::path path_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<PeerCandidate> seen_ GUARDED_BY(mutex_);
};

TEST_F(ManualDiscoveryTest, AChangedFileIsReadAgainAndABadOneKeepsWhatWasKnown) {
  ManualDiscovery discovery(path_, "own", 1, std::chrono::milliseconds(2));
  start(discovery);  // there is no file yet
  write(
      R"({"peers": {"own": {"address": "127.0.0.1", "port": 1}, "b": {"address": "127.0.0.1", "port": 2}}})");
  EXPECT_TRUE(wait_for("b", 2));
  write(R"({"peers": {"b": {"address": "127.0.0.1", "port": 77777}}})");
  EXPECT_TRUE(wait_for("b", 2));
  write(R"({"peers": {"b": {"address": "127.0.0.1", "port": 333}}})");
  EXPECT_TRUE(wait_for("b", 333)) << "without this node in it, too";
  discovery.stop();
  discovery.stop();
  MutexLock lock(mutex_);
  for (const PeerCandidate& candidate : seen_) EXPECT_NE(candidate.node, "own");
}

}  // namespace
}  // namespace shoal
