// Where a text may be in a grammar: sets of positions, each with what must follow it. They are made when they
// are reached and numbered, so that the next byte is a look-up. Belongs to one generation; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/shortest_ends.h"

namespace shoal {

class GrammarStates {
 public:
  static constexpr int32_t dead_state = -1;
  // Limits beyond which a text is refused even if the grammar allows it: depth of nested rules, and positions
  // at the same time.
  static constexpr int32_t maximum_depth = 256;
  static constexpr size_t maximum_items = 4096;
  static constexpr size_t maximum_rows = 16'384;

  struct Item {
    int32_t terminal;  // -1: the end of the text
    TerminalState at;
    int32_t continuation;

    bool operator==(const Item&) const = default;
  };

  // The grammar and its ends must outlive this.
  GrammarStates(const Grammar& grammar, const ShortestEnds& ends);
  GrammarStates(const GrammarStates&) = delete;
  GrammarStates& operator=(const GrammarStates&) = delete;

  int32_t start() const { return start_; }
  // The state after `byte`; dead_state when no text of the grammar continues so.
  int32_t step(int32_t state, uint8_t byte) {
    const Row* const row = states_[static_cast<size_t>(state)].row.get();
    const int32_t known = row == nullptr ? unknown_state : (*row)[byte];
    return known != unknown_state ? known : find_step(state, byte);
  }
  // The state after the end of a terminal with this continuation.
  int32_t state_behind(int32_t continuation);
  const std::vector<Item>& items(int32_t state) const { return *states_[static_cast<size_t>(state)].items; }
  bool can_end(int32_t state) const { return !items(state).empty() && items(state).front().terminal < 0; }
  bool can_go_on(int32_t state) const { return items(state).size() > (can_end(state) ? 1u : 0u); }

  // The fewest bytes after which the text can end.
  int64_t bytes_to_end(int32_t state) const { return states_[static_cast<size_t>(state)].bytes_to_end; }
  int64_t bytes_to_end(const Item& item) const {
    return ends_.of_terminal(item.terminal, item.at) + bytes_behind(item);
  }
  int64_t bytes_behind(const Item& item) const {
    return continuations_[static_cast<size_t>(item.continuation)].bytes_to_end;
  }
  // The most bytes to the terminal's end from any of its states. `item` must not be the end of the text.
  int64_t most_within(const Item& item) const { return ends_.most_of_terminal(item.terminal); }

  // Follows the way with the fewest bytes to the end: the item after a terminal's end, end_item if the text
  // ends there, nowhere if the way exceeds the depth limit.
  static constexpr Item end_item{.terminal = -1, .at = {}, .continuation = -1};
  static constexpr Item nowhere{.terminal = -1, .at = {}, .continuation = -2};
  Item shortest_behind(int32_t continuation);
  // The next byte of the shortest way (if there are several, the first in `preferred`) and the item after it.
  // Not for end_item, nowhere, or an item whose terminal may end.
  struct Onward {
    uint8_t byte;
    Item item;
  };
  Onward shortest_onward(const Item& item, const std::array<uint8_t, 256>& preferred);

  size_t size() const { return states_.size(); }
  // Forgets every other state and returns the new number of this one.
  int32_t keep_only(int32_t state);

 private:
  static constexpr int32_t unknown_state = -2;
  using Row = std::array<int32_t, 256>;

  // A node of the grammar, and what follows at the end of its rule.
  struct Continuation {
    int32_t node;
    int32_t parent;  // -1: the end of the text
    int32_t depth;
    int64_t bytes_to_end;
    std::unique_ptr<std::vector<Item>> first;  // the items that can come first; made when asked for
    int32_t state = unknown_state;             // the state of these items alone
  };
  struct State {
    const std::vector<Item>* items;  // sorted; owned by the keys of numbers_
    int64_t bytes_to_end;
    std::unique_ptr<Row> row;  // what step() has found so far
  };
  struct ItemsHash {
    size_t operator()(const std::vector<Item>& items) const;
  };
  struct PairHash {
    size_t operator()(uint64_t pair) const { return pair * 0x9E3779B97F4A7C15ull; }
  };

  int32_t continuation(int32_t node, int32_t parent);
  const std::vector<Item>& first_items(int32_t continuation);
  void explore(int32_t continuation, std::vector<Item>& items);
  int32_t intern(std::vector<Item> items);
  int64_t shortest_of(const std::vector<Item>& items) const;
  int32_t find_step(int32_t state, uint8_t byte);
  int32_t make_step(int32_t state, uint8_t byte);
  int32_t copy_continuation(const std::vector<Continuation>& old, int32_t index,
                            std::unordered_map<int32_t, int32_t>& copied);

  const Grammar& grammar_;
  const ShortestEnds& ends_;
  std::vector<Continuation> continuations_;
  std::unordered_map<uint64_t, int32_t, PairHash> continuation_numbers_;
  std::vector<State> states_;
  std::unordered_map<std::vector<Item>, int32_t, ItemsHash> numbers_;
  size_t row_count_ = 0;
  int32_t start_ = dead_state;
};

}  // namespace shoal
