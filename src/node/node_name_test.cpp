#include "node/node_name.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace shoal {
namespace {

TEST(NodeName, IsTheHostsFirstPart) {
  EXPECT_EQ(name_of_host("attic"), "attic");
  EXPECT_EQ(name_of_host("Attic.fritz.box"), "Attic");
  EXPECT_EQ(name_of_host("my_box-2"), "my_box-2");
  EXPECT_EQ(name_of_host("Anna's Mac"), "Anna-s-Mac");
  EXPECT_EQ(name_of_host(std::string(60, 'a')).size(), 48u);
  for (const char* host : {"", "localhost", "localhost.localdomain", "unknown", "---"}) {
    EXPECT_EQ(name_of_host(host), "") << host;
  }
}

TEST(NodeName, IsMadeUniqueWhereAnotherHasIt) {
  std::set<NodeId> taken{"attic", "attic-2"};
  const auto is_free = [&](const NodeId& name) { return !taken.contains(name); };
  EXPECT_EQ(choose_free_name("attic", is_free), "attic-3");
  EXPECT_EQ(choose_free_name("box", is_free), "box");
  EXPECT_TRUE(choose_free_name("box", [](const NodeId&) { return false; }).starts_with("box-"));
  EXPECT_TRUE(choose_free_name("", is_free).starts_with("node-"));
}

class OwnNameTest : public testing::Test {
 protected:
  // Names are claimed in the user's folder for temporary files, where running nodes have theirs.
  void SetUp() override {
    std::filesystem::create_directories(home_);
    setenv("TMPDIR", home_.c_str(), 1);
  }
  void TearDown() override {
    if (usual_folder_) {
      setenv("TMPDIR", usual_folder_->c_str(), 1);
    } else {
      unsetenv("TMPDIR");
    }
    std::filesystem::remove_all(home_);
  }
  OwnName take(std::set<NodeId> taken = {}) {
    return take_own_name(home_,
                         [taken = std::move(taken)](const NodeId& name) { return taken.contains(name); });
  }

  const std::filesystem::path home_ =
      std::filesystem::temp_directory_path() / make_random_id("shoal-name-test-");
  const std::optional<std::string> usual_folder_ = os::environment("TMPDIR");
};

TEST_F(OwnNameTest, IsTheSameAtEveryStartAndANodesAloneWhileItRuns) {
  const NodeId first = take().name;
  EXPECT_EQ(take().name, first);
  const OwnName running = take();
  EXPECT_EQ(running.name, first);
  EXPECT_NE(take().name, first);
}

TEST_F(OwnNameTest, StaysWhatTheNetworkHasLeft) {
  const NodeId usual = take().name;
  const NodeId other = take({usual}).name;
  EXPECT_NE(other, usual);
  EXPECT_EQ(take().name, other);  // the one with the usual name is away today
  EXPECT_NE(take({other}).name, other);
}

}  // namespace
}  // namespace shoal
