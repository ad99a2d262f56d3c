// Writes a text of a grammar, always the same one. Bytes that close something come often, so that it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "grammar/grammar_states.h"
#include "grammar/shortest_ends.h"

namespace shoal {

// nullopt when the text cannot end after `byte_limit` bytes, or could go on in more ways than are followed.
inline std::optional<std::string> walk_grammar(const Grammar& grammar, int byte_limit) {
  const ShortestEnds ends(grammar);
  GrammarStates states(grammar, ends);
  int32_t state = states.start();
  std::string text;
  uint32_t random = 12345;
  for (int i = 0; i < byte_limit && states.can_go_on(state); ++i) {
    int32_t next = GrammarStates::dead_state;
    random = random * 1664525 + 1013904223;
    const auto begin = static_cast<uint8_t>(random >> 16);
    for (const char closing : std::string_view("\"}])")) {
      if (next != GrammarStates::dead_state || (random >> 24) % 4 == 0) break;
      next = states.step(state, static_cast<uint8_t>(closing));
      if (next != GrammarStates::dead_state) text += closing;
    }
    for (int offset = 0; offset < 256 && next == GrammarStates::dead_state; ++offset) {
      const auto byte = static_cast<uint8_t>(begin + offset);
      next = states.step(state, byte);
      if (next != GrammarStates::dead_state) text += static_cast<char>(byte);
    }
    if (next == GrammarStates::dead_state && states.items(state).size() > 100) return std::nullopt;
    CHECK(next != GrammarStates::dead_state);
    // Some way leads to the end from anywhere, and a byte brings it at most one byte nearer.
    CHECK(states.bytes_to_end(next) >= states.bytes_to_end(state) - 1);
    state = next;
  }
  return states.can_end(state) ? std::optional(text) : std::nullopt;
}

}  // namespace shoal
