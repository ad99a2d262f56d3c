// Waiting for another thread that is expected soon.
#pragma once

#include <atomic>
#include <cstdint>

namespace shoal {

// Tells the processor that this is a waiting loop.
void pause_processor();

// How often each of `member_count` threads that wait for each other looks before it sleeps: for about 50 µs,
// and not at all where they have fewer processors than that, since a member that spins there keeps another
// one from its work.
int spin_rounds(int64_t member_count);

// Returns when `word` is no longer `old`: looks `rounds` times, then sleeps until the word's writer notifies.
void wait_for_change(const std::atomic<uint32_t>& word, uint32_t old, int rounds);

}  // namespace shoal
