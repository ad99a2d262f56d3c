// Waiting for another thread that is expected to be ready within microseconds.
#pragma once

#include <atomic>
#include <cstdint>

namespace shoal {

// Tells the processor that the thread is in a waiting loop.
void pause_processor();

// How often each of `member_count` threads that wait for each other should look before it sleeps. That takes
// about 50 µs. 0 when they have fewer processors than threads, since a member that spins then keeps another
// from its work.
int spin_rounds(int64_t member_count);

// Returns when `word` is no longer `old`: looks `rounds` times, then sleeps until the word's writer calls
// notify.
void wait_for_change(const std::atomic<uint32_t>& word, uint32_t old, int rounds);

}  // namespace shoal
