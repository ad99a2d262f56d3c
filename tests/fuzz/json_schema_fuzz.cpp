// Any JSON as a schema: it is refused, or what its grammar writes is JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "text/grammar/grammar_states.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/shortest_ends.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const shoal::Result<shoal::Value> schema = shoal::parse_json(source);
  if (!schema) return 0;
  const shoal::Result<shoal::Grammar> grammar = shoal::compile_json_schema(*schema);
  if (!grammar) {
    CHECK(grammar.error().code == shoal::ErrorCode::invalid_argument && !grammar.error().message.empty());
    return 0;
  }
  const shoal::ShortestEnds ends(*grammar);
  shoal::GrammarStates states(*grammar, ends);
  int32_t state = states.start();
  std::string text;
  uint32_t random = 12345;
  // Bytes that a text of the grammar may go on with, those that close something first.
  for (int i = 0; i < 200 && states.can_go_on(state); ++i) {
    int32_t next = shoal::GrammarStates::kDead;
    random = random * 1664525 + 1013904223;
    const auto begin = static_cast<uint8_t>(random >> 16);
    for (const char closing : {'"', '}', ']'}) {
      if (next != shoal::GrammarStates::kDead || (random >> 24) % 4 == 0) break;
      next = states.step(state, static_cast<uint8_t>(closing));
      if (next != shoal::GrammarStates::kDead) text += closing;
    }
    for (int offset = 0; offset < 256 && next == shoal::GrammarStates::kDead; ++offset) {
      const auto byte = static_cast<uint8_t>(begin + offset);
      next = states.step(state, byte);
      if (next != shoal::GrammarStates::kDead) text += static_cast<char>(byte);
    }
    if (next == shoal::GrammarStates::kDead && states.items(state).size() > 100)
      return 0;  // beyond what is followed
    CHECK(next != shoal::GrammarStates::kDead);
    state = next;
  }
  if (states.can_end(state)) CHECK(shoal::parse_json(text).has_value());
  return 0;
}
