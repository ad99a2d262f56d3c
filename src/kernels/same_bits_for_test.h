// Compares values by their bits: 0 and -0 differ, and a NaN equals itself.
#pragma once

#include <algorithm>
#include <span>

namespace shoal::test {

// Two contiguous ranges of numbers of one type.
template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return std::ranges::equal(std::as_bytes(std::span(a)), std::as_bytes(std::span(b)));
}

}  // namespace shoal::test
