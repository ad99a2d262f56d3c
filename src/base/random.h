// Philox 4x32-10, a counter-based generator: the numbers are a pure function of (key, counter), so a draw can
// be repeated on another node. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace shoal {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The purpose of a draw; numbers for different purposes are independent.
enum class DrawPurpose : uint32_t { sample = 0, draft = 1, accept = 2 };

// Identifies one draw. `position` is the position of the token being drawn.
struct DrawKey {
  uint64_t seed;
  uint32_t choice_index;
  uint64_t position;
  DrawPurpose purpose;
};

// Uniform in [0, 1) with 53 random bits.
double uniform_draw(const DrawKey& key);

}  // namespace shoal
