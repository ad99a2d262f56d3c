#include "scheduler/stage_times.h"

#include <algorithm>
#include <cmath>

namespace shoal {
namespace {

// As long as nothing is measured: the rows whose arithmetic takes as long as reading the weights once.
constexpr double unmeasured_ratio = 8;

// Chunks are whole tiles of the matrix kernels, and not so small that hops and locks dominate their time.
constexpr int64_t chunk_multiple = 8;
constexpr int64_t smallest_chunk = 32;

// The gain that a cut must promise: the straight line is only a model, and stages on one machine share its
// memory bandwidth.
constexpr double worthwhile_gain = 1.25;

int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

}  // namespace

void StageTimes::Fit::add(double rows, double time) {
  constexpr double fading = 0.98;
  weight = weight * fading + 1;
  x = x * fading + rows;
  y = y * fading + time;
  xx = xx * fading + rows * rows;
  xy = xy * fading + rows * time;
}

std::optional<StageTimes::Line> StageTimes::Fit::line() const {
  const double spread = weight * xx - x * x;
  if (weight < 2 || spread < 0.01 * weight * xx) return std::nullopt;  // all steps had nearly the same size
  const double per_row = (weight * xy - x * y) / spread;
  const double fixed = (y - per_row * x) / weight;
  if (!(per_row >= 0) || !std::isfinite(per_row)) return std::nullopt;
  return Line{.fixed = std::max(fixed, 0.0), .per_row = per_row};
}

void StageTimes::record(int64_t rows, const std::vector<StageTiming>& timings) {
  if (rows == 0 || timings.size() != stages_.size()) return;
  for (size_t i = 0; i < timings.size(); ++i) {
    const double time = static_cast<double>(timings[i].end_ns) - static_cast<double>(timings[i].begin_ns);
    if (time >= 0) stages_[i].add(static_cast<double>(rows), time);
  }
}

std::optional<StageTimes::Line> StageTimes::slowest() const {
  constexpr double typical_rows = 64;
  std::optional<Line> slowest;
  for (const Fit& fit : stages_) {
    const std::optional<Line> line = fit.line();
    if (line && (!slowest || line->at(typical_rows) > slowest->at(typical_rows))) slowest = line;
  }
  return slowest;
}

// P rows in chunks of c over S stages take (P / c + S - 1) · (fixed + per_row · c), which is least when c² =
// fixed / per_row · P / (S - 1).
int64_t StageTimes::prefill_chunk(int64_t rows, int64_t limit) const {
  if (stage_count() == 1 || rows <= smallest_chunk) return limit;
  const std::optional<Line> line = slowest();
  double ratio = unmeasured_ratio;
  if (line && line->at(1) > 0)
    ratio = line->per_row > 0 ? line->fixed / line->per_row : static_cast<double>(rows);
  const double best = std::sqrt(ratio * static_cast<double>(rows) / static_cast<double>(stage_count() - 1));
  const int64_t chunk = std::clamp<int64_t>(std::llround(std::min(best, 1e9)), smallest_chunk, rows);
  const int64_t even = divide_up(rows, divide_up(rows, chunk));
  return std::min(divide_up(even, chunk_multiple) * chunk_multiple, limit);
}

int64_t StageTimes::decode_sets(int64_t sequences) const {
  const std::optional<Line> line = slowest();
  if (stage_count() == 1 || sequences < 2 || !line) return 1;
  const int64_t sets = std::min(stage_count(), sequences);
  const double together = line->at(static_cast<double>(sequences));
  const double cut = line->at(static_cast<double>(divide_up(sequences, sets)));
  return together > cut * worthwhile_gain ? sets : 1;
}

}  // namespace shoal
