// Waiting for another thread that is expected soon.
#pragma once

#include <atomic>
#include <cstdint>

namespace shoal {

// Tells the processor that this is a waiting loop.
void pause_processor();

// Returns when `word` is no longer `old`: spins for about 50 µs, then sleeps until the word's writer
// notifies.
void wait_for_change(const std::atomic<uint32_t>& word, uint32_t old);

}  // namespace shoal
