#include "scheduler/stage_times.h"

#include <gtest/gtest.h>

#include <random>

namespace shoal {
namespace {

// Stages that take `fixed_us` and `per_row_us` a row, measured with a tenth of noise.
StageTimes measured(int64_t stage_count, double fixed_us, double per_row_us) {
  StageTimes times(stage_count);
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    const int64_t rows = i % 3 == 0 ? 1 : 1 + static_cast<int64_t>(random() % 128);
    std::vector<StageTiming> timings;
    for (int64_t stage = 0; stage < stage_count; ++stage) {
      const double noise = 0.95 + 0.1 * static_cast<double>(random() % 1000) / 1000;
      const double taken = (fixed_us + per_row_us * static_cast<double>(rows)) * noise * 1000;
      timings.push_back({.node = "n", .begin_ns = 1000, .end_ns = 1000 + static_cast<int64_t>(taken)});
    }
    times.record(rows, timings);
  }
  return times;
}

double pipeline_time(int64_t rows, int64_t chunk, int64_t stages, double fixed, double per_row) {
  const int64_t chunks = (rows + chunk - 1) / chunk;
  return static_cast<double>(chunks + stages - 1) * (fixed + per_row * static_cast<double>(chunk));
}

TEST(StageTimes, ARingOfOnePrefillsInLargeChunks) {
  EXPECT_EQ(measured(1, 10000, 500).prefill_chunk(2000, 512), 512);
  EXPECT_EQ(StageTimes(1).prefill_chunk(2000, 512), 512);
}

TEST(StageTimes, SeveralStagesGetChunksBeforeAnythingIsMeasured) {
  const int64_t chunk = StageTimes(2).prefill_chunk(512, 512);
  EXPECT_GE(chunk, 64);
  EXPECT_LE(chunk, 128);
}

TEST(StageTimes, ChunksAreNearlyTheBestForWhatWasMeasured) {
  for (const int64_t stages : {2, 3, 5}) {
    for (const double fixed : {1000.0, 10000.0, 40000.0}) {
      for (const int64_t rows : {100, 512, 4000}) {
        const int64_t chunk = measured(stages, fixed, 500).prefill_chunk(rows, 512);
        double best = 1e18;
        for (int64_t other = 32; other <= 512; ++other) {
          best = std::min(best, pipeline_time(rows, other, stages, fixed, 500));
        }
        EXPECT_LE(pipeline_time(rows, chunk, stages, fixed, 500), best * 1.2)
            << stages << " stages, " << rows << " rows in chunks of " << chunk;
      }
    }
  }
}

TEST(StageTimes, DecodeBoundByMemoryIsNotCut) {
  EXPECT_EQ(measured(2, 20000, 100).decode_sets(16), 1);
  EXPECT_EQ(StageTimes(2).decode_sets(16), 1);
  EXPECT_EQ(measured(1, 1000, 1000).decode_sets(16), 1);
}

TEST(StageTimes, DecodeBoundByArithmeticIsCutIntoTheStages) {
  EXPECT_EQ(measured(2, 5000, 2000).decode_sets(16), 2);
  EXPECT_EQ(measured(3, 5000, 2000).decode_sets(16), 3);
  EXPECT_EQ(measured(3, 5000, 2000).decode_sets(1), 1);
}

TEST(StageTimes, NonsenseFromOtherNodesIsHarmless) {
  StageTimes times(2);
  for (int i = 0; i < 20; ++i) {
    times.record(1 + i, {{.node = "a", .begin_ns = INT64_MIN, .end_ns = INT64_MAX},
                         {.node = "b", .begin_ns = 5, .end_ns = -5}});
    times.record(1 + i, {{.node = "a", .begin_ns = 0, .end_ns = 0}});
    times.record(1 + i,
                 {{.node = "a", .begin_ns = 0, .end_ns = 0}, {.node = "b", .begin_ns = 0, .end_ns = 0}});
  }
  EXPECT_GE(times.prefill_chunk(512, 512), 1);
  EXPECT_LE(times.prefill_chunk(512, 512), 512);
  EXPECT_GE(times.decode_sets(8), 1);
}

}  // namespace
}  // namespace shoal
