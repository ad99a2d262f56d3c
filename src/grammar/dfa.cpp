#include "grammar/dfa.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "grammar/nfa.h"

namespace shoal {
namespace {

constexpr std::string_view subject = "a pattern";

struct SetHash {
  size_t operator()(const std::vector<int32_t>& set) const {
    size_t hash = 14695981039346656037ull;
    for (const int32_t value : set) hash = (hash ^ static_cast<size_t>(value)) * 1099511628211ull;
    return hash;
  }
};

// Makes a state of each reachable set of nodes.
class SubsetConstruction {
 public:
  SubsetConstruction(const Nfa& nfa, GrammarBudget& budget)
      : nfa_(nfa), budget_(budget), seen_(nfa.nodes.size(), 0) {}

  Result<Dfa> run() {
    make_classes();
    state_of(closure({nfa_.start}, Nfa::When::at_begin));
    for (size_t state = 0; state < sets_.size(); ++state) {
      if (std::ssize(sets_) > Dfa::maximum_states) {
        return fail(ErrorCode::invalid_argument, "a pattern needs too many states");
      }
      if (Result<void> made = make_row(state); !made) return fail(made.error());
    }
    return Dfa::from_table(std::move(table_));
  }

 private:
  // Puts bytes into one class if no edge begins or ends between them.
  void make_classes() {
    std::array<bool, 257> begins{};
    for (const Nfa::Node& node : nfa_.nodes) {
      for (const Nfa::Edge& edge : node.edges) begins[edge.first] = begins[edge.last + 1u] = true;
    }
    first_bytes_.push_back(0);
    for (size_t byte = 0; byte < 256; ++byte) {
      if (byte > 0 && begins[byte]) first_bytes_.push_back(static_cast<uint8_t>(byte));
      table_.classes[byte] = static_cast<uint8_t>(first_bytes_.size() - 1);
    }
    table_.class_count = first_bytes_.size();
  }

  // The nodes and all that jumps reach from them, in ascending order.
  std::vector<int32_t> closure(std::vector<int32_t> nodes, Nfa::When also) {
    ++mark_;
    std::vector<int32_t> reached;
    while (!nodes.empty()) {
      const int32_t node = nodes.back();
      nodes.pop_back();
      if (std::exchange(seen_[static_cast<size_t>(node)], mark_) == mark_) continue;
      reached.push_back(node);
      for (const Nfa::Jump& jump : nfa_.nodes[static_cast<size_t>(node)].jumps) {
        if (jump.when == Nfa::When::always || jump.when == also) nodes.push_back(jump.target);
      }
    }
    std::ranges::sort(reached);
    return reached;
  }

  int32_t state_of(std::vector<int32_t> set) {
    const auto [found, is_new] = states_.try_emplace(std::move(set), static_cast<int32_t>(sets_.size()));
    if (!is_new) return found->second;
    sets_.push_back(&found->first);
    const std::vector<int32_t> at_end = closure(found->first, Nfa::When::at_end);
    table_.add_state(std::ranges::binary_search(at_end, nfa_.end));
    return found->second;
  }

  Result<void> make_row(size_t state) {
    std::vector<std::vector<int32_t>> targets(table_.class_count);
    for (const int32_t node : *sets_[state]) {
      for (const Nfa::Edge& edge : nfa_.nodes[static_cast<size_t>(node)].edges) {
        for (size_t i = table_.classes[edge.first]; i <= table_.classes[edge.last]; ++i)
          targets[i].push_back(edge.target);
      }
    }
    int64_t work = std::ssize(targets);
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i].empty()) continue;
      const bool is_as_before = i > 0 && targets[i] == targets[i - 1];  // a frequent case
      if (is_as_before) {
        table_.row(state)[i] = table_.row(state)[i - 1];
        continue;
      }
      std::vector<int32_t> set = closure(targets[i], Nfa::When::always);
      work += 4 * std::ssize(set);
      const int32_t target = state_of(std::move(set));
      table_.row(state)[i] = target;
    }
    return budget_.take(work, subject);
  }

  const Nfa& nfa_;
  GrammarBudget& budget_;
  std::vector<int64_t> seen_;
  int64_t mark_ = 0;
  std::unordered_map<std::vector<int32_t>, int32_t, SetHash> states_;
  std::vector<const std::vector<int32_t>*> sets_;
  std::vector<uint8_t> first_bytes_;  // one byte of each class
  Dfa::Table table_;
};

// The states from which an accepting state can be reached.
std::vector<bool> live_states(const Dfa::Table& table) {
  std::vector<std::vector<int32_t>> sources(table.size());
  std::vector<bool> live(table.size(), false);
  std::vector<int32_t> pending;
  for (size_t state = 0; state < table.size(); ++state) {
    int32_t last = Dfa::dead_state;
    for (size_t i = 0; i < table.class_count; ++i) {
      const int32_t target = table.row(state)[i];
      if (target != Dfa::dead_state && target != last) {
        sources[static_cast<size_t>(target)].push_back(static_cast<int32_t>(state));
      }
      last = target;
    }
    if (table.accepting[state] == 0) continue;
    live[state] = true;
    pending.push_back(static_cast<int32_t>(state));
  }
  while (!pending.empty()) {
    const int32_t state = pending.back();
    pending.pop_back();
    for (const int32_t source : sources[static_cast<size_t>(state)]) {
      if (live[static_cast<size_t>(source)]) continue;
      live[static_cast<size_t>(source)] = true;
      pending.push_back(source);
    }
  }
  return live;
}

// Keeps the live states that can be reached, the start first; empty when the start is not live.
Dfa::Table trimmed(const Dfa::Table& table) {
  Dfa::Table result{.classes = table.classes, .class_count = table.class_count, .next = {}, .accepting = {}};
  const std::vector<bool> live = live_states(table);
  if (live.empty() || !live[Dfa::start_state]) return result;
  std::vector<int32_t> number(table.size(), Dfa::dead_state);
  std::vector<size_t> reached{Dfa::start_state};
  number[Dfa::start_state] = 0;
  for (size_t at = 0; at < reached.size(); ++at) {
    result.add_state(table.accepting[reached[at]] != 0);
    for (size_t i = 0; i < table.class_count; ++i) {
      const int32_t target = table.row(reached[at])[i];
      if (target == Dfa::dead_state || !live[static_cast<size_t>(target)]) continue;
      int32_t& own = number[static_cast<size_t>(target)];
      if (own == Dfa::dead_state) {
        own = static_cast<int32_t>(reached.size());
        reached.push_back(static_cast<size_t>(target));
      }
      result.row(at)[i] = own;
    }
  }
  return result;
}

// Joins classes that every state treats alike.
Dfa::Table with_fewest_classes(const Dfa::Table& table) {
  std::vector<size_t> first;  // old class of each new one
  std::vector<uint8_t> renamed(table.class_count);
  for (size_t i = 0; i < table.class_count; ++i) {
    const auto is_like = [&](size_t other) {
      for (size_t state = 0; state < table.size(); ++state) {
        if (table.row(state)[other] != table.row(state)[i]) return false;
      }
      return true;
    };
    const auto found = std::ranges::find_if(first, is_like);
    renamed[i] = static_cast<uint8_t>(found - first.begin());
    if (found == first.end()) first.push_back(i);
  }
  Dfa::Table result{.classes = {}, .class_count = first.size(), .next = {}, .accepting = {}};
  for (size_t byte = 0; byte < 256; ++byte) result.classes[byte] = renamed[table.classes[byte]];
  for (size_t state = 0; state < table.size(); ++state) {
    result.add_state(table.accepting[state] != 0);
    for (size_t i = 0; i < first.size(); ++i) result.row(state)[i] = table.row(state)[first[i]];
  }
  return result;
}

// Moore's algorithm: numbers each state's block of equal states. The start's block is 0.
std::vector<int32_t> equal_states(const Dfa::Table& table) {
  const size_t size = table.size();
  std::vector<int32_t> block(size);
  for (size_t state = 0; state < size; ++state)
    block[state] = table.accepting[state] != table.accepting[0] ? 1 : 0;
  std::vector<int32_t> signature(table.class_count + 1);
  for (size_t count = 0;;) {
    std::unordered_map<std::vector<int32_t>, int32_t, SetHash> refined;
    std::vector<int32_t> next(size);
    for (size_t state = 0; state < size; ++state) {
      signature[0] = block[state];
      for (size_t i = 0; i < table.class_count; ++i) {
        const int32_t target = table.row(state)[i];
        signature[i + 1] = target == Dfa::dead_state ? Dfa::dead_state : block[static_cast<size_t>(target)];
      }
      const auto id = static_cast<int32_t>(refined.size());
      next[state] = refined.try_emplace(signature, id).first->second;
    }
    block = std::move(next);
    if (refined.size() == count || refined.size() == size) return block;
    count = refined.size();
  }
}

// Joins equal states if that is quick; it only saves memory.
Dfa::Table with_fewest_states(Dfa::Table table) {
  constexpr size_t maximum_work = 4'000'000;
  if (table.size() * table.size() * table.class_count > maximum_work) return table;
  const std::vector<int32_t> block = equal_states(table);
  Dfa::Table result{.classes = table.classes, .class_count = table.class_count, .next = {}, .accepting = {}};
  for (size_t state = 0; state < table.size(); ++state) {
    if (block[state] != static_cast<int32_t>(result.size()))
      continue;  // blocks are numbered by their first state
    result.add_state(table.accepting[state] != 0);
    for (size_t i = 0; i < table.class_count; ++i) {
      const int32_t target = table.row(state)[i];
      if (target != Dfa::dead_state) result.row(result.size() - 1)[i] = block[static_cast<size_t>(target)];
    }
  }
  return result;
}

// An automaton over pairs of states. A pair lives on after `b` has died unless `wants_b`.
Result<Dfa> product(const Dfa& a, const Dfa& b, bool wants_b, GrammarBudget& budget) {
  if (a.is_empty()) return Dfa();
  if (b.is_empty()) return wants_b ? Dfa() : a;
  std::unordered_map<uint64_t, int32_t> states;
  std::vector<std::pair<int32_t, int32_t>> pairs;
  const auto state_of = [&](int32_t x, int32_t y) {
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(x)) << 32 | static_cast<uint32_t>(y);
    const auto [found, is_new] = states.try_emplace(key, static_cast<int32_t>(pairs.size()));
    if (is_new) pairs.emplace_back(x, y);
    return found->second;
  };
  // Each pair of classes gets one byte.
  Dfa::Table table;
  std::vector<uint8_t> bytes;
  std::unordered_map<uint32_t, uint8_t> class_numbers;
  for (size_t byte = 0; byte < 256; ++byte) {
    const uint32_t key = a.table().classes[byte] * 256u + b.table().classes[byte];
    const auto next = static_cast<uint8_t>(bytes.size());
    const auto [found, is_new] = class_numbers.try_emplace(key, next);
    if (is_new) bytes.push_back(static_cast<uint8_t>(byte));
    table.classes[byte] = found->second;
  }
  table.class_count = bytes.size();
  state_of(Dfa::start_state, Dfa::start_state);
  for (size_t at = 0; at < pairs.size(); ++at) {
    if (std::ssize(pairs) > Dfa::maximum_states) {
      return fail(ErrorCode::invalid_argument, "patterns or limits together need too many states");
    }
    if (Result<void> paid = budget.take(10 + std::ssize(bytes), subject); !paid) return fail(paid.error());
    const auto [x, y] = pairs[at];
    const bool in_b = y != Dfa::dead_state && b.accepts(y);
    table.add_state(a.accepts(x) && in_b == wants_b);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const int32_t to_x = a.next(x, bytes[i]);
      const int32_t to_y = y == Dfa::dead_state ? Dfa::dead_state : b.next(y, bytes[i]);
      const bool is_dead = to_x == Dfa::dead_state || (wants_b && to_y == Dfa::dead_state);
      if (!is_dead) table.row(at)[i] = state_of(to_x, to_y);
    }
  }
  return Dfa::from_table(std::move(table));
}

}  // namespace

Dfa Dfa::from_table(Table table) {
  Dfa result;
  result.table_ = with_fewest_states(with_fewest_classes(trimmed(table)));
  for (size_t state = 0; state < result.table_.size(); ++state) {
    const int32_t* const row = result.table_.row(state);
    const bool goes_on =
        std::any_of(row, row + result.table_.class_count, [](int32_t to) { return to != dead_state; });
    result.goes_on_.push_back(goes_on ? 1 : 0);
  }
  return result;
}

Dfa Dfa::from_rows(const std::vector<Row>& rows, const std::vector<bool>& accepting) {
  Table table;
  table.class_count = 256;
  for (size_t byte = 0; byte < 256; ++byte) table.classes[byte] = static_cast<uint8_t>(byte);
  for (size_t state = 0; state < rows.size(); ++state) {
    table.add_state(accepting[state]);
    std::ranges::copy(rows[state], table.row(state));
  }
  return from_table(std::move(table));
}

bool Dfa::matches(std::string_view text) const {
  int32_t state = is_empty() ? dead_state : start_state;
  for (const char byte : text) {
    if (state == dead_state) return false;
    state = next(state, static_cast<uint8_t>(byte));
  }
  return state != dead_state && accepts(state);
}

std::string Dfa::key() const {
  std::string key(table_.classes.begin(), table_.classes.end());
  key.append(table_.accepting.begin(), table_.accepting.end());
  key.append(reinterpret_cast<const char*>(table_.next.data()), table_.next.size() * sizeof(int32_t));
  return key;
}

Result<Dfa> make_dfa(const Expression& expression, GrammarBudget& budget) {
  const Result<Nfa> nfa = make_nfa(expression, budget);
  if (!nfa) return fail(nfa.error());
  return SubsetConstruction(*nfa, budget).run();
}

Result<Dfa> intersection(const Dfa& a, const Dfa& b, GrammarBudget& budget) {
  return product(a, b, true, budget);
}

Result<Dfa> difference(const Dfa& a, const Dfa& b, GrammarBudget& budget) {
  return product(a, b, false, budget);
}

Dfa enclosed(const Dfa& inner, uint8_t byte) {
  if (inner.is_empty()) return inner;
  // State 0 is before the first byte, 1 … are the inner states, and the last one is after the second byte,
  // which has a class of its own.
  const int32_t end = inner.size() + 1;
  const size_t inner_classes = inner.table().class_count;
  CHECK(inner_classes < 256);  // texts never use all bytes
  Dfa::Table table;
  table.classes = inner.table().classes;
  table.classes[byte] = static_cast<uint8_t>(inner_classes);
  table.class_count = inner_classes + 1;
  table.add_state(false);
  table.row(0)[inner_classes] = 1 + Dfa::start_state;
  for (int32_t state = 0; state < inner.size(); ++state) {
    table.add_state(false);
    int32_t* const row = table.row(table.size() - 1);
    for (size_t i = 0; i < inner_classes; ++i) {
      const int32_t target = inner.table().row(static_cast<size_t>(state))[i];
      row[i] = target == Dfa::dead_state ? Dfa::dead_state : target + 1;
    }
    const int32_t target = inner.next(state, byte);
    row[inner_classes] = target == Dfa::dead_state ? Dfa::dead_state : target + 1;
    if (inner.accepts(state)) row[inner_classes] = end;
  }
  table.add_state(true);
  return Dfa::from_table(std::move(table));
}

}  // namespace shoal
