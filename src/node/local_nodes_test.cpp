#include "node/local_nodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace shoal {
namespace {

namespace fs = std::filesystem;

class LocalNodes : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / make_random_id("local-nodes-");
};

TEST_F(LocalNodes, AreFoundAsLongAsTheyTellOfThemselves) {
  const LocalNode a{.node = "a", .peer_port = 50051, .api_host = "0.0.0.0", .api_port = 52415};
  const LocalNode b{.node = "b \"quoted\"", .peer_port = 50052, .api_host = "10.0.2.1", .api_port = 52416};
  auto file_a = tell_local_node(folder_, a);
  ASSERT_TRUE(file_a) << file_a.error().message;
  {
    auto file_b = tell_local_node(folder_, b);
    ASSERT_TRUE(file_b) << file_b.error().message;
    auto found = find_local_nodes(folder_);
    std::ranges::sort(found, {}, &LocalNode::node);
    EXPECT_EQ(found, (std::vector{a, b}));
  }
  EXPECT_EQ(find_local_nodes(folder_), std::vector{a});
}

TEST_F(LocalNodes, ThatWereKilledAreForgottenWithTheirFiles) {
  const fs::path left = folder_ / "left.node.json";
  std::ofstream(left) << R"({"node_id": "a", "node_port": 1, "api_host": "", "api_port": 2})";
  EXPECT_TRUE(find_local_nodes(folder_).empty());
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(LocalNodes, AreNobodyWhereThereIsNoFolder) {
  EXPECT_TRUE(find_local_nodes(folder_ / "missing").empty());
}

TEST_F(LocalNodes, ThatSayNonsenseAreLeftOut) {
  auto nonsense = os::LivingFile::create(folder_ / "x.node.json", "[]");
  ASSERT_TRUE(nonsense) << nonsense.error().message;
  auto no_port = os::LivingFile::create(folder_ / "y.node.json", R"({"node_id": "a", "api_port": 99999})");
  ASSERT_TRUE(no_port) << no_port.error().message;
  EXPECT_TRUE(find_local_nodes(folder_).empty());
}

}  // namespace
}  // namespace shoal
