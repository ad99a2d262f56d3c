#include "base/control_groups.h"

#include <gtest/gtest.h>

#include <map>

namespace shoal::os {
namespace {

constexpr int64_t MB = 1'000'000;

using Files = std::map<std::string, std::string>;

FileText reader(const Files& files) {
  return [&files](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  };
}

std::vector<GroupMemory> memory_of(const Files& files) { return group_memory(reader(files)); }

const std::string v2_mount =
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string other_mounts =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n23 22 0:21 / /proc rw - proc proc rw\n";

TEST(ControlGroups, ThereIsNoLimitWhereThereAreNoGroups) {
  EXPECT_TRUE(memory_of({}).empty());
  EXPECT_FALSE(group_processors(reader({})));
  const Files root = {{"/proc/self/cgroup", "0::/\n"}, {"/proc/self/mountinfo", other_mounts + v2_mount}};
  EXPECT_TRUE(memory_of(root).empty());
  EXPECT_FALSE(group_processors(reader(root)));
}

TEST(ControlGroups, MaxAndTheLargestNumberOfVersionOneAreNoLimits) {
  EXPECT_TRUE(memory_of({{"/proc/self/cgroup", "0::/a\n"},
                         {"/proc/self/mountinfo", v2_mount},
                         {"/sys/fs/cgroup/a/memory.max", "max\n"},
                         {"/sys/fs/cgroup/a/memory.high", "max\n"},
                         {"/sys/fs/cgroup/a/memory.current", "5000\n"},
                         {"/sys/fs/cgroup/a/cpu.max", "max 100000\n"}})
                  .empty());
  for (const char* none : {"9223372036854771712\n", "9223372036854775807\n", "18446744073709551615\n"}) {
    EXPECT_TRUE(memory_of({{"/proc/self/cgroup", "4:memory:/\n"},
                           {"/proc/self/mountinfo", "35 31 0:32 / /cg rw - cgroup cgroup rw,memory\n"},
                           {"/cg/memory.limit_in_bytes", none},
                           {"/cg/memory.stat", std::string("hierarchical_memory_limit ") + none}})
                    .empty())
        << none;
  }
}

TEST(ControlGroups, FilePagesOfVersionTwoCountAsFree) {
  const auto groups =
      memory_of({{"/proc/self/cgroup", "0::/user.slice/shoal.scope\n"},
                 {"/proc/self/mountinfo", other_mounts + v2_mount},
                 {"/sys/fs/cgroup/user.slice/shoal.scope/memory.max", "350000000\n"},
                 {"/sys/fs/cgroup/user.slice/shoal.scope/memory.current", "300000000\n"},
                 {"/sys/fs/cgroup/user.slice/shoal.scope/memory.stat",
                  "anon 40000000\nfile 250000000\nshmem 30000000\ninactive_anon 70000000\n"
                  "active_file 20000000\ninactive_file 200000000\nslab_reclaimable 1000000\n"}});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].limit_bytes, 350 * MB);
  EXPECT_EQ(groups[0].free_bytes, 350 * MB - (300 * MB - 221 * MB));
  EXPECT_EQ(groups[0].folder, "/sys/fs/cgroup/user.slice/shoal.scope");
}

TEST(ControlGroups, EveryGroupAboveCounts) {
  const Files files = {{"/proc/self/cgroup", "0::/a/b/c\n"},
                       {"/proc/self/mountinfo", v2_mount},
                       {"/sys/fs/cgroup/a/memory.max", "200000000\n"},
                       {"/sys/fs/cgroup/a/memory.current", "150000000\n"},
                       {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                       {"/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n"},
                       {"/sys/fs/cgroup/a/b/c/memory.max", "100000000\n"},
                       {"/sys/fs/cgroup/a/b/c/memory.high", "90000000\n"},
                       {"/sys/fs/cgroup/a/b/c/memory.current", "10000000\n"},
                       {"/sys/fs/cgroup/a/b/c/cpu.max", "300000 100000\n"}};
  const auto groups = memory_of(files);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].limit_bytes, 90 * MB);
  EXPECT_EQ(groups[0].free_bytes, 80 * MB);
  EXPECT_EQ(groups[1].folder, "/sys/fs/cgroup/a");
  EXPECT_EQ(groups[1].free_bytes, 50 * MB);
  EXPECT_EQ(group_processors(reader(files)), 0.5);
}

TEST(ControlGroups, VersionOneIsReadThroughItsOwnHierarchies) {
  const std::string mounts =
      "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";  // a hybrid
  const Files files = {{"/proc/self/cgroup", "9:name=systemd:/x\n4:memory:/p/q\n2:cpu,cpuacct:/c\n0::/u\n"},
                       {"/proc/self/mountinfo", mounts},
                       {"/sys/fs/cgroup/memory/p/memory.limit_in_bytes", "220000000\n"},
                       {"/sys/fs/cgroup/memory/p/memory.usage_in_bytes", "200000000\n"},
                       {"/sys/fs/cgroup/memory/p/memory.stat",
                        "cache 7\nactive_file 1\ninactive_file 2\ntotal_active_file 50000000\n"
                        "total_inactive_file 100000000\n"},
                       {"/sys/fs/cgroup/memory/p/q/memory.limit_in_bytes", "9223372036854771712\n"},
                       {"/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "150000\n"},
                       {"/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"},
                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}};
  const auto groups = memory_of(files);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].free_bytes, 170 * MB);
  EXPECT_EQ(group_processors(reader(files)), 1.5);
}

TEST(ControlGroups, AContainerSeesItsGroupAtTheTopOfTheMount) {
  // Version 1 without a namespace: the path is the host's, the mount begins at it.
  const auto v1 = memory_of({{"/proc/self/cgroup", "4:memory:/docker/0123\n"},
                             {"/proc/self/mountinfo",
                              "700 699 0:32 /docker/0123 /sys/fs/cgroup/memory ro master:9 - cgroup cgroup "
                              "rw,memory\n"},
                             {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
                             {"/sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000\n"},
                             {"/sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 64000000\n"}});
  ASSERT_EQ(v1.size(), 1u);
  EXPECT_EQ(v1[0].limit_bytes, 64 * MB);
  EXPECT_EQ(v1[0].free_bytes, 63 * MB);
  // A process below the container's top, and a host's mount that shows another part.
  const auto below = memory_of({{"/proc/self/cgroup", "0::/pod/box/inner\n"},
                                {"/proc/self/mountinfo",
                                 "699 1 0:26 /elsewhere /mnt\\040x rw - cgroup2 cgroup rw\n"
                                 "700 1 0:26 /pod/box /sys/fs/cgroup\\040y ro - cgroup2 cgroup rw\n"},
                                {"/mnt x/memory.max", "1\n"},
                                {"/sys/fs/cgroup y/memory.max", "5000000\n"},
                                {"/sys/fs/cgroup y/inner/memory.max", "3000000\n"}});
  ASSERT_EQ(below.size(), 2u);
  EXPECT_EQ(below[0].limit_bytes, 3 * MB);
  EXPECT_EQ(below[1].limit_bytes, 5 * MB);
  // Version 2 in a namespace; the process itself was moved out of it.
  for (const char* path : {"0::/\n", "0::/../other\n"}) {
    const auto v2 = memory_of({{"/proc/self/cgroup", path},
                               {"/proc/self/mountinfo", v2_mount},
                               {"/sys/fs/cgroup/memory.max", "7000000\n"},
                               {"/sys/fs/cgroup/memory.current", "9000000\n"}});
    ASSERT_EQ(v2.size(), 1u) << path;
    EXPECT_EQ(v2[0].limit_bytes, 7 * MB);
    EXPECT_EQ(v2[0].free_bytes, 0);
  }
}

TEST(ControlGroups, NamesMayHoldColonsAndLinesThatAreNotUnderstoodArePassedOver) {
  const auto groups =
      memory_of({{"/proc/self/cgroup", "nonsense\n0:\n0::/a:b\n"},
                 {"/proc/self/mountinfo",
                  "\n1 2 3\n29 23 0:26 / /cg - \n" + std::string("29 23 0:26 / /cg rw - cgroup2 a b\n")},
                 {"/cg/a:b/memory.max", "1000000\n"},
                 {"/cg/a:b/memory.current", "\n"},
                 {"/cg/a:b/memory.stat", "inactive_file\nactive_file x\n"},
                 {"/cg/memory.max", "-5\n"}});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].free_bytes, 1 * MB);
}

}  // namespace
}  // namespace shoal::os
