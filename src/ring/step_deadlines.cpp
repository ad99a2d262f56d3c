#include "ring/step_deadlines.h"

#include <algorithm>
#include <bit>

namespace shoal {
namespace {

// How many times the expected time is allowed: a device that swaps, throttles or serves its owner is slow,
// not lost.
constexpr int64_t tolerance = 8;

// Allowed before anything is measured: more than on the slowest device that somebody would wait for.
constexpr Duration unmeasured_step = std::chrono::seconds(10);
constexpr Duration unmeasured_row = std::chrono::seconds(1);

size_t size_class(int64_t rows) {
  return static_cast<size_t>(std::bit_width(static_cast<uint32_t>(std::clamp<int64_t>(rows, 1, 1 << 30)))) -
         1;
}

}  // namespace

Duration StepDeadlines::allowed(int64_t rows) const {
  const std::optional<Duration> time = expected(rows);
  return std::max(minimum_, time ? tolerance * *time : unmeasured_step + rows * unmeasured_row);
}

// Estimates from a measured step of another size: a larger step takes at least as long as a smaller one, and
// at most as long per row. Both estimates err on the patient side.
std::optional<Duration> StepDeadlines::expected(int64_t rows) const {
  const size_t own = size_class(rows);
  for (size_t smaller = own + 1; smaller-- > 0;) {
    const Measured& measured = measured_[smaller];
    if (measured.rows > 0)
      return measured.longest * std::max<int64_t>(1, (rows + measured.rows - 1) / measured.rows);
  }
  for (size_t larger = own + 1; larger < measured_.size(); ++larger) {
    if (measured_[larger].rows > 0) return measured_[larger].longest;
  }
  return std::nullopt;
}

void StepDeadlines::record(int64_t rows, Duration taken) {
  constexpr int64_t memory = 32;  // number of steps after which a single slow one is nearly forgotten
  Measured& measured = measured_[size_class(rows)];
  const Duration faded = measured.longest - measured.longest / memory + taken / memory;
  measured.longest = std::max(taken, faded);
  measured.rows = std::max<int64_t>(1, measured.rows == 0 ? rows : std::min(rows, measured.rows));
}

}  // namespace shoal
