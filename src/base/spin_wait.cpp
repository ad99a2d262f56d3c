#include "base/spin_wait.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace shoal {
namespace {

constexpr int spin_rounds = 4000;  // about 50 µs

}  // namespace

void pause_processor() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

void wait_for_change(const std::atomic<uint32_t>& word, uint32_t old) {
  for (int i = 0; i < spin_rounds; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    pause_processor();
  }
  word.wait(old, std::memory_order_acquire);
}

}  // namespace shoal
