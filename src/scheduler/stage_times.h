// Learns from earlier steps how long the slowest stage of a ring takes for a step of a given number of rows,
// and chooses how finely prefill and decode are cut to keep all stages busy. Results never depend on it.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ring/messages.h"

namespace shoal {

class StageTimes {
 public:
  explicit StageTimes(int64_t stage_count) : stages_(static_cast<size_t>(stage_count)) {}

  // `timings` are of every stage, head first; others are ignored.
  void record(int64_t rows, const std::vector<StageTiming>& timings);

  // Rows of a chunk of a prompt of `rows` rows; at most `limit`.
  int64_t prefill_chunk(int64_t rows, int64_t limit) const;

  // Into how many steps, in flight at the same time, the decode of `sequences` sequences is best cut.
  int64_t decode_sets(int64_t sequences) const;

 private:
  // time = fixed + per_row · rows, in nanoseconds.
  struct Line {
    double fixed;
    double per_row;
    double at(double rows) const { return fixed + per_row * rows; }
  };
  // Sums of a least squares fit in which older steps weigh less.
  struct Fit {
    double weight = 0, x = 0, y = 0, xx = 0, xy = 0;
    void add(double rows, double time);
    std::optional<Line> line() const;
  };

  int64_t stage_count() const { return static_cast<int64_t>(stages_.size()); }
  std::optional<Line> slowest() const;

  std::vector<Fit> stages_;
};

}  // namespace shoal
