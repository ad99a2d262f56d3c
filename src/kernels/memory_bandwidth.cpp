#include "kernels/memory_bandwidth.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <span>

#include "base/check.h"
#include "tensor/buffer.h"

namespace shoal {
namespace {

constexpr auto measuring_time = std::chrono::milliseconds(200);
constexpr int64_t least_passes = 3;
constexpr int64_t most_passes = 100;
constexpr int64_t words_per_line = 8;

// Sums the words so that the compiler must read each line, in order, and cannot drop the work.
uint64_t read_words(std::span<const uint64_t> words) {
  std::array<uint64_t, 2 * words_per_line> sums = {};
  for (size_t i = 0; i + sums.size() <= words.size(); i += sums.size()) {
    for (size_t j = 0; j < sums.size(); ++j) sums[j] += words[i + j];
  }
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  return total;
}

}  // namespace

Result<double> measure_read_bandwidth(ThreadTeam& team, int64_t buffer_bytes, const Clock& clock) {
  CHECK(buffer_bytes > 0);
  Result<Buffer> buffer = Buffer::allocate(buffer_bytes);
  if (!buffer) return fail(buffer.error());
  const std::span<uint64_t> words = buffer->as<uint64_t>();
  const auto part_of = [&](int64_t member) {
    const WorkRange range = divide_work(static_cast<int64_t>(words.size()), 512, member, team.thread_count());
    return words.subspan(range.begin, range.end - range.begin);
  };
  // Writing once makes every page exist, close to the thread that will read it.
  team.run([&](int64_t member) { std::ranges::fill(part_of(member), uint64_t{1}); });

  std::atomic<uint64_t> sum = 0;
  Duration fastest = Duration::max();
  const TimePoint start = clock.now();
  for (int64_t pass = 0; pass < most_passes; ++pass) {
    const TimePoint begin = clock.now();
    if (pass >= least_passes && begin - start >= measuring_time) break;
    team.run([&](int64_t member) { sum += read_words(part_of(member)); });
    fastest = std::min(fastest, clock.now() - begin);
  }
  CHECK(sum > 0);
  return static_cast<double>(words.size_bytes()) / std::max(to_seconds(fastest), 1e-9);
}

}  // namespace shoal
