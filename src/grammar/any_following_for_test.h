// Walks through the states of a grammar byte by byte; for tests only.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "grammar/grammar_states.h"

namespace shoal {

// A state that some ASCII byte leads to from `state`, drawn from `random`; dead_state when there is none.
inline int32_t any_following(GrammarStates& states, int32_t state, std::mt19937& random) {
  std::vector<int32_t> following;
  for (int byte = 0; byte < 128; ++byte) {
    const int32_t next = states.step(state, static_cast<uint8_t>(byte));
    if (next != GrammarStates::dead_state) following.push_back(next);
  }
  return following.empty() ? GrammarStates::dead_state : following[random() % following.size()];
}

}  // namespace shoal
