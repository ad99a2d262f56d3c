#include "grammar/grammar_states.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace shoal {
namespace {

// A position that is nested too deep is refused: it gets this instead of a continuation.
constexpr int32_t too_deep = -2;

auto order_of(const GrammarStates::Item& item) {
  return std::tie(item.terminal, item.at.state, item.at.count, item.continuation);
}

}  // namespace

size_t GrammarStates::ItemsHash::operator()(const std::vector<Item>& items) const {
  size_t hash = 14695981039346656037ull;
  for (const Item& item : items) {
    for (const int32_t value : {item.terminal, item.at.state, item.at.count, item.continuation}) {
      hash = (hash ^ static_cast<uint32_t>(value)) * 1099511628211ull;
    }
  }
  return hash ^ (hash >> 29);
}

GrammarStates::GrammarStates(const Grammar& grammar, const ShortestEnds& ends)
    : grammar_(grammar), ends_(ends) {
  start_ = state_behind(continuation(grammar.root(), -1));
}

int32_t GrammarStates::continuation(int32_t node, int32_t parent) {
  // If only the end of the rule follows, its parent follows at once: so recursion at a rule's end takes no
  // depth.
  if (parent >= 0 && grammar_.nodes()[static_cast<size_t>(node)].is_tail) return parent;
  const int32_t depth = parent < 0 ? 0 : continuations_[static_cast<size_t>(parent)].depth + 1;
  if (depth > maximum_depth) return too_deep;
  const uint64_t key =
      static_cast<uint64_t>(static_cast<uint32_t>(node)) << 32 | static_cast<uint32_t>(parent);
  const auto next = static_cast<int32_t>(continuations_.size());
  const auto [found, is_new] = continuation_numbers_.try_emplace(key, next);
  if (is_new) {
    const int64_t behind = parent < 0 ? 0 : continuations_[static_cast<size_t>(parent)].bytes_to_end;
    continuations_.push_back({.node = node,
                              .parent = parent,
                              .depth = depth,
                              .bytes_to_end = ends_.of_node(node) + behind,
                              .first = nullptr});
  }
  return found->second;
}

const std::vector<GrammarStates::Item>& GrammarStates::first_items(int32_t continuation) {
  if (continuations_[static_cast<size_t>(continuation)].first == nullptr) {
    auto items = std::make_unique<std::vector<Item>>();
    explore(continuation, *items);
    continuations_[static_cast<size_t>(continuation)].first = std::move(items);
  }
  return *continuations_[static_cast<size_t>(continuation)].first;
}

// Collects what can be reached without taking a byte.
void GrammarStates::explore(int32_t from, std::vector<Item>& items) {
  std::vector<int32_t> pending{from};
  std::unordered_set<int32_t> seen;
  while (!pending.empty() && items.size() <= maximum_items) {
    const int32_t current = pending.back();
    pending.pop_back();
    if (!seen.insert(current).second) continue;
    const auto [node_index, parent] = std::pair(continuations_[static_cast<size_t>(current)].node,
                                                continuations_[static_cast<size_t>(current)].parent);
    const Grammar::Node& node = grammar_.nodes()[static_cast<size_t>(node_index)];
    if (node.is_end && parent >= 0) pending.push_back(parent);
    if (node.is_end && parent < 0) items.push_back({.terminal = -1, .at = {}, .continuation = -1});
    for (const Grammar::Edge& edge : node.edges) {
      const int32_t behind = continuation(edge.target, parent);
      if (behind < 0) continue;
      switch (edge.kind) {
        case Grammar::EdgeKind::jump: pending.push_back(behind); break;
        case Grammar::EdgeKind::terminal: {
          const Terminal& terminal = grammar_.terminals()[static_cast<size_t>(edge.index)];
          // A terminal with only the empty text takes no byte.
          if (terminal.dfa.goes_on(Dfa::start_state))
            items.push_back({.terminal = edge.index, .at = {}, .continuation = behind});
          if (terminal.is_nullable()) pending.push_back(behind);
          break;
        }
        case Grammar::EdgeKind::rule:
          if (const int32_t inner = continuation(grammar_.start_of(edge.index), behind); inner >= 0) {
            pending.push_back(inner);
          }
          break;
      }
    }
  }
}

int32_t GrammarStates::intern(std::vector<Item> items) {
  if (items.empty() || items.size() > maximum_items) return dead_state;
  std::ranges::sort(items, [](const Item& a, const Item& b) { return order_of(a) < order_of(b); });
  const auto repeated = std::ranges::unique(items);
  items.erase(repeated.begin(), repeated.end());
  const auto next = static_cast<int32_t>(states_.size());
  const auto [found, is_new] = numbers_.try_emplace(std::move(items), next);
  if (is_new) {
    states_.push_back({.items = &found->first, .bytes_to_end = shortest_of(found->first), .row = nullptr});
  }
  return found->second;
}

int64_t GrammarStates::shortest_of(const std::vector<Item>& items) const {
  int64_t shortest = std::numeric_limits<int64_t>::max();
  for (const Item& item : items) {
    if (item.terminal < 0) return 0;
    shortest = std::min(shortest, bytes_to_end(item));
  }
  return shortest;
}

int32_t GrammarStates::state_behind(int32_t continuation) {
  const std::vector<Item>& items = first_items(continuation);
  int32_t& state = continuations_[static_cast<size_t>(continuation)].state;
  if (state == unknown_state) state = intern(items);
  return state;
}

GrammarStates::Item GrammarStates::shortest_behind(int32_t continuation) {
  while (continuation >= 0) {
    const auto [node, parent] = std::pair(continuations_[static_cast<size_t>(continuation)].node,
                                          continuations_[static_cast<size_t>(continuation)].parent);
    const int32_t chosen = ends_.edge_of_node(node);
    if (chosen == ShortestEnds::no_edge) {
      if (parent < 0) return end_item;
      continuation = parent;
      continue;
    }
    const Grammar::Edge& edge =
        grammar_.nodes()[static_cast<size_t>(node)].edges[static_cast<size_t>(chosen)];
    continuation = this->continuation(edge.target, parent);
    if (continuation < 0 || edge.kind == Grammar::EdgeKind::jump) continue;
    if (edge.kind == Grammar::EdgeKind::rule) {
      continuation = this->continuation(grammar_.start_of(edge.index), continuation);
    } else if (ends_.of_terminal(edge.index, {}) > 0) {
      return {.terminal = edge.index, .at = {}, .continuation = continuation};
    }
  }
  return nowhere;
}

GrammarStates::Onward GrammarStates::shortest_onward(const Item& item,
                                                     const std::array<uint8_t, 256>& preferred) {
  const Terminal& terminal = grammar_.terminals()[static_cast<size_t>(item.terminal)];
  const int64_t bytes = ends_.of_terminal(item.terminal, item.at);
  for (const uint8_t byte : preferred) {
    const TerminalState next = advance(terminal, item.at, byte);
    if (next.state == Dfa::dead_state) continue;
    const int64_t left = ends_.of_terminal(item.terminal, next);
    if (left != bytes - 1) continue;
    if (left == 0) return {byte, shortest_behind(item.continuation)};
    return {byte, {.terminal = item.terminal, .at = next, .continuation = item.continuation}};
  }
  return {0, nowhere};
}

int32_t GrammarStates::find_step(int32_t state, uint8_t byte) {
  std::unique_ptr<Row>& row = states_[static_cast<size_t>(state)].row;
  if (row == nullptr) {
    if (row_count_ >= maximum_rows) return make_step(state, byte);
    ++row_count_;
    row = std::make_unique<Row>();
    row->fill(unknown_state);
  }
  const int32_t next = make_step(state, byte);
  (*states_[static_cast<size_t>(state)].row)[byte] = next;
  return next;
}

int32_t GrammarStates::make_step(int32_t state, uint8_t byte) {
  std::vector<Item> next;
  for (const Item& item : items(state)) {
    if (item.terminal < 0) continue;
    const Terminal& terminal = grammar_.terminals()[static_cast<size_t>(item.terminal)];
    const TerminalState at = advance(terminal, item.at, byte);
    if (at.state == Dfa::dead_state) continue;
    if (terminal.dfa.goes_on(at.state)) {
      next.push_back({.terminal = item.terminal, .at = at, .continuation = item.continuation});
    }
    if (terminal.dfa.accepts(at.state)) {
      const std::vector<Item>& following = first_items(item.continuation);
      next.insert(next.end(), following.begin(), following.end());
    }
    if (next.size() > 2 * maximum_items) return dead_state;
  }
  return intern(std::move(next));
}

int32_t GrammarStates::keep_only(int32_t state) {
  std::vector<Item> items = this->items(state);
  const std::vector<Continuation> old = std::exchange(continuations_, {});
  continuation_numbers_.clear();
  states_.clear();
  row_count_ = 0;
  numbers_.clear();
  start_ = state_behind(continuation(grammar_.root(), -1));
  std::unordered_map<int32_t, int32_t> copied;
  for (Item& item : items) {
    if (item.continuation >= 0) item.continuation = copy_continuation(old, item.continuation, copied);
  }
  return intern(std::move(items));
}

// The recursion is bounded by the continuation's depth.
int32_t GrammarStates::copy_continuation(const std::vector<Continuation>& old, int32_t index,
                                         std::unordered_map<int32_t, int32_t>& copied) {
  if (index < 0) return index;
  if (const auto found = copied.find(index); found != copied.end()) return found->second;
  const Continuation& source = old[static_cast<size_t>(index)];
  const int32_t parent = copy_continuation(old, source.parent, copied);
  const int32_t copy = continuation(source.node, parent);
  copied.emplace(index, copy);
  return copy;
}

}  // namespace shoal
