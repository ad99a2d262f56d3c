// The ways in which a value may be written as JSON: they differ in the order of members. For tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "grammar/grammar_states.h"
#include "json/value.h"

namespace shoal {

inline constexpr size_t maximum_writings = 3000;

inline void append_all(const std::vector<std::vector<std::string>>& parts, size_t at,
                       const std::string& so_far, std::vector<std::string>& found) {
  if (found.size() >= maximum_writings) return;
  if (at == parts.size()) {
    found.push_back(so_far);
    return;
  }
  for (const std::string& part : parts[at])
    append_all(parts, at + 1, so_far + (at > 0 ? "," : "") + part, found);
}

inline std::vector<std::string> writings_of(const Value& value) {
  std::vector<std::string> found;
  if (const Value::Array* items = value.array()) {
    std::vector<std::vector<std::string>> parts;
    for (const Value& item : *items) parts.push_back(writings_of(item));
    append_all(parts, 0, "[", found);
    for (std::string& text : found) text += "]";
    return found;
  }
  if (const Value::Object* members = value.object()) {
    std::vector<size_t> order(members->size());
    std::iota(order.begin(), order.end(), 0);
    do {
      std::vector<std::vector<std::string>> parts;
      for (const size_t i : order) {
        parts.push_back(writings_of((*members)[i].second));
        for (std::string& text : parts.back())
          text.insert(0, format_json_text((*members)[i].first, false) + ":");
      }
      append_all(parts, 0, "{", found);
    } while (found.size() < maximum_writings && std::ranges::next_permutation(order).found);
    for (std::string& text : found) text += "}";
    return found;
  }
  if (const double* number = value.number();
      number != nullptr && std::floor(*number) == *number && std::abs(*number) < 1e16) {
    return {format_json(Value(static_cast<int64_t>(*number)))};
  }
  return {format_json(value)};
}

inline bool accepts_text(const Grammar& grammar, std::string_view text) {
  const ShortestEnds ends(grammar);
  GrammarStates states(grammar, ends);
  int32_t state = states.start();
  for (const char byte : text) {
    state = states.step(state, static_cast<uint8_t>(byte));
    if (state == GrammarStates::dead_state) return false;
  }
  return states.can_end(state);
}

inline bool accepts_value(const Grammar& grammar, const Value& value) {
  return std::ranges::any_of(writings_of(value),
                             [&](const std::string& text) { return accepts_text(grammar, text); });
}

}  // namespace shoal
