// A deterministic automaton over bytes, for parts of a grammar without recursion: a literal, a number, the
// inside of a string.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

class Dfa {
 public:
  static constexpr int32_t dead_state = -1;
  static constexpr int32_t start_state = 0;
  static constexpr int64_t maximum_states = 8192;

  using Row = std::array<int32_t, 256>;
  // Bytes that every state treats alike share a class.
  struct Table {
    std::array<uint8_t, 256> classes{};
    size_t class_count = 0;
    std::vector<int32_t> next;  // [states, classes]
    std::vector<uint8_t> accepting;

    size_t size() const { return accepting.size(); }
    int32_t* row(size_t state) { return next.data() + state * class_count; }
    const int32_t* row(size_t state) const { return next.data() + state * class_count; }
    void add_state(bool accepts) {
      next.resize(next.size() + class_count, dead_state);
      accepting.push_back(accepts ? 1 : 0);
    }
  };

  // Both drop states from which no text is accepted and join equal ones. The first state is the start.
  static Dfa from_table(Table table);
  static Dfa from_rows(const std::vector<Row>& rows, const std::vector<bool>& accepting);

  // True when no text matches.
  bool is_empty() const { return table_.accepting.empty(); }
  int32_t size() const { return static_cast<int32_t>(table_.size()); }
  int32_t next(int32_t state, uint8_t byte) const {
    return table_.next[static_cast<size_t>(state) * table_.class_count + table_.classes[byte]];
  }
  bool accepts(int32_t state) const { return table_.accepting[static_cast<size_t>(state)] != 0; }
  // Whether any byte may follow in this state.
  bool goes_on(int32_t state) const { return goes_on_[static_cast<size_t>(state)] != 0; }
  bool matches(std::string_view text) const;

  const Table& table() const { return table_; }
  // The same for equal automata.
  std::string key() const;

 private:
  Table table_;
  std::vector<uint8_t> goes_on_;  // by state
};

// `expression` has no rules and no terminals. Its characters become UTF-8. invalid_argument when the budget
// or maximum_states is exceeded; so for all functions below.
Result<Dfa> make_dfa(const Expression& expression, GrammarBudget& budget);

Result<Dfa> intersection(const Dfa& a, const Dfa& b, GrammarBudget& budget);
// The texts that `a` matches and `b` does not.
Result<Dfa> difference(const Dfa& a, const Dfa& b, GrammarBudget& budget);
// `inner` with `byte` before and after it. `byte` must not occur in inner's texts, except after another byte
// that escapes it.
Dfa enclosed(const Dfa& inner, uint8_t byte);

}  // namespace shoal
