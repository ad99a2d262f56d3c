#include "base/spin_wait.h"

#include "base/os.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace shoal {
void pause_processor() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

int spin_rounds(int64_t member_count) {
  static const int64_t processors = os::processor_count();
  return member_count > processors ? 0 : 4000;
}

void wait_for_change(const std::atomic<uint32_t>& word, uint32_t old, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    pause_processor();
  }
  word.wait(old, std::memory_order_acquire);
}

}  // namespace shoal
