#include "net/dial_schedule.h"

#include <algorithm>
#include <utility>

#include "base/os.h"

namespace shoal {
namespace {
TimePoint now() { return std::chrono::steady_clock::now(); }
}  // namespace

DialSchedule::DialSchedule(NetworkLoop& loop, Candidates::Settings settings, Dial dial)
    : loop_(loop), dial_(std::move(dial)), candidates_(settings, os::random_bits()) {}

void DialSchedule::see(const PeerCandidate& candidate) {
  if (!stopped_ && candidates_.see(candidate, now())) run();
}

void DialSchedule::failed(const NodeId& node, const Error& reason) {
  candidates_.failed(node, reason, now());
}
void DialSchedule::joined(const NodeId& node) {
  candidates_.joined(node, now());
  loop_.post([this] { run(); });  // there is room for another dial
}
void DialSchedule::lost(const NodeId& node) { candidates_.lost(node, now()); }

std::vector<MissingPeer> DialSchedule::missing() const { return candidates_.missing(now()); }
std::vector<MissingPeer> DialSchedule::take_newly_unreachable() {
  return candidates_.take_newly_unreachable(now());
}

std::optional<Candidates::Flood> DialSchedule::take_flood() { return candidates_.take_flood(now()); }

void DialSchedule::run() {
  if (stopped_) return;
  for (const PeerCandidate& candidate : candidates_.take_due(now())) {
    const Result<void> begun = dial_(candidate);
    if (begun) continue;
    if (begun.error().code == ErrorCode::cancelled) {
      candidates_.postponed(candidate.node, now());
    } else {
      candidates_.failed(candidate.node, begun.error(), now());
    }
  }
  const auto next = candidates_.next_due();
  if (!next || *next >= timer_) return;
  timer_ = *next;
  const Duration pause = std::max(*next - now(), Duration(std::chrono::milliseconds(10)));
  loop_.post_after(pause, [this, time = *next] {
    if (timer_ != time) return;  // an earlier timer has taken its place
    timer_ = TimePoint::max();
    run();
  });
}

}  // namespace shoal
