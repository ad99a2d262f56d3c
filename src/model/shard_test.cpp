#include "model/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/checkpoint_folder_for_test.h"

namespace shoal {
namespace {

using testing::HasSubstr;

class ShardFolder : public CheckpointFolder {
 protected:
  // Each layer's tensors are in a file of their own, all others in a third.
  Checkpoint open_shards() {
    json map;
    std::map<std::string, std::map<std::string, std::vector<int64_t>>> files;
    for (const auto& [name, shape] : shapes_) {
      const std::string file = name.starts_with("model.layers.0")   ? "first.safetensors"
                               : name.starts_with("model.layers.1") ? "second.safetensors"
                                                                    : "head.safetensors";
      files[file][name] = shape;
      map[name] = file;
    }
    for (const auto& [file, shapes] : files) write_tensors(file, shapes);
    write("config.json", config_.dump());
    write("model.safetensors.index.json", json({{"weight_map", map}}).dump());
    return Checkpoint::open(folder_).value();
  }

  ThreadTeam team_{2};
};

TEST_F(ShardFolder, ReadsOnlyTheLayersThatAreAskedFor) {
  const Checkpoint checkpoint = open_shards();
  fs::remove(folder_ / "second.safetensors");
  fs::remove(folder_ / "head.safetensors");
  const auto first = load_shard(checkpoint, {.first_layer = 0, .end_layer = 1, .is_head = false}, team_, {});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->layers.size(), 1u);
  const auto second = load_shard(checkpoint, {.first_layer = 1, .end_layer = 2, .is_head = false}, team_, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::not_found);
  EXPECT_THAT(second.error().message, HasSubstr("tensor 'model.layers.1."));
  EXPECT_FALSE(load_shard(checkpoint, {.first_layer = 0, .end_layer = 0, .is_head = true}, team_, {}));
}

TEST_F(ShardFolder, SaysWhenAFileHasShrunkSinceItWasOpened) {
  const Checkpoint checkpoint = open_shards();
  fs::resize_file(folder_ / "first.safetensors", 3000);
  const auto shard = load_shard(checkpoint, {.first_layer = 0, .end_layer = 2, .is_head = true}, team_, {});
  ASSERT_FALSE(shard);
  EXPECT_EQ(shard.error().code, ErrorCode::corrupt_data);
}

TEST_F(ShardFolder, ReportsProgressUpToTheBytesOfTheRange) {
  const Checkpoint checkpoint = open_shards();
  ThreadTeam alone(1);
  int64_t last = 0, total = 0;
  LoadOptions options;
  options.progress = [&](int64_t done, int64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  };
  ASSERT_TRUE(load_shard(checkpoint, {.first_layer = 1, .end_layer = 2, .is_head = false}, alone, options));
  EXPECT_EQ(total, checkpoint.layer_bytes(1));
  EXPECT_EQ(last, total);
}

TEST_F(ShardFolder, TheLastProgressIsTheWholeWhicheverThreadIsLast) {
  const Checkpoint checkpoint = open_shards();
  ThreadTeam team(3);
  for (int64_t round = 0; round < 20; ++round) {
    int64_t last = 0, total = -1;
    LoadOptions options;
    options.progress = [&](int64_t done, int64_t all) {
      EXPECT_GT(done, last);
      last = done;
      total = all;
    };
    ASSERT_TRUE(load_shard(checkpoint, {.first_layer = 0, .end_layer = 2, .is_head = true}, team, options));
    EXPECT_EQ(last, total);
  }
}

TEST_F(ShardFolder, EndsWithCancelledWhenAskedToStop) {
  const Checkpoint checkpoint = open_shards();
  std::stop_source source;
  LoadOptions options;
  options.stop = source.get_token();
  options.progress = [&](int64_t, int64_t) { source.request_stop(); };
  ThreadTeam alone(1);
  const auto shard =
      load_shard(checkpoint, {.first_layer = 0, .end_layer = 2, .is_head = true}, alone, options);
  ASSERT_FALSE(shard);
  EXPECT_EQ(shard.error().code, ErrorCode::cancelled);
}

TEST_F(ShardFolder, RefusesARangeOutsideOfTheModel) {
  const Checkpoint checkpoint = open_shards();
  for (const auto& range : {ShardRange{0, 3, true}, ShardRange{-1, 1, true}, ShardRange{2, 1, true}}) {
    const auto shard = load_shard(checkpoint, range, team_, {});
    ASSERT_FALSE(shard);
    EXPECT_EQ(shard.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(shard_memory_bytes(checkpoint, range, WeightPrecision::as_stored));
  }
}

TEST_F(ShardFolder, KnowsBeforehandWhatMemoryItTakes) {
  const Checkpoint checkpoint = open_shards();
  const ShardRange layer{.first_layer = 0, .end_layer = 1, .is_head = false};
  const ShardRange head{.first_layer = 0, .end_layer = 0, .is_head = true};
  // All row counts are multiples of 16, so F32 takes as many bytes in memory as in the file.
  EXPECT_EQ(shard_memory_bytes(checkpoint, layer, WeightPrecision::as_stored), checkpoint.layer_bytes(0));
  EXPECT_EQ(shard_memory_bytes(checkpoint, head, WeightPrecision::as_stored), checkpoint.head_bytes());
}

}  // namespace
}  // namespace shoal
