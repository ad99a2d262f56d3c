#include "net/dial_schedule.h"

#include <algorithm>
#include <utility>

#include "base/os.h"

namespace shoal {

DialSchedule::DialSchedule(CompletionLoop& loop, Candidates::Settings settings, Dial dial)
    : loop_(loop), dial_(std::move(dial)), candidates_(settings, os::random_bits()) {}

void DialSchedule::see(const PeerCandidate& candidate) {
  if (stopped_) return;
  candidates_.see(candidate, std::chrono::steady_clock::now());
  run();
}

void DialSchedule::failed(const NodeId& node) { candidates_.failed(node, std::chrono::steady_clock::now()); }
void DialSchedule::joined(const NodeId& node) { candidates_.joined(node, std::chrono::steady_clock::now()); }
void DialSchedule::lost(const NodeId& node) { candidates_.lost(node, std::chrono::steady_clock::now()); }

void DialSchedule::run() {
  if (stopped_) return;
  const TimePoint now = std::chrono::steady_clock::now();
  for (const PeerCandidate& candidate : candidates_.take_due(now)) {
    if (!dial_(candidate)) candidates_.failed(candidate.node, now);
  }
  const auto next = candidates_.next_due();
  if (!next || *next >= timer_) return;
  timer_ = *next;
  loop_.post_after(std::max(*next - now, Duration(std::chrono::milliseconds(10))), [this, time = *next] {
    if (timer_ != time) return;  // an earlier one has taken its place
    timer_ = TimePoint::max();
    run();
  });
}

}  // namespace shoal
