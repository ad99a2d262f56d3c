#include "grammar/shortest_ends.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace shoal {
namespace {

constexpr int64_t unreachable = std::numeric_limits<int64_t>::max() / 4;  // sums of a few do not overflow

// The bytes from every state to the nearest of `targets`. Every transition counts one, so this walks
// backwards breadth first.
std::vector<int64_t> distances(const Dfa& dfa, const std::vector<int32_t>& targets) {
  const Dfa::Table& table = dfa.table();
  std::vector<std::vector<int32_t>> sources(table.size());
  for (size_t state = 0; state < table.size(); ++state) {
    for (size_t i = 0; i < table.class_count; ++i) {
      const int32_t target = table.row(state)[i];
      if (target == Dfa::dead_state) continue;
      std::vector<int32_t>& known = sources[static_cast<size_t>(target)];
      if (known.empty() || known.back() != static_cast<int32_t>(state))
        known.push_back(static_cast<int32_t>(state));
    }
  }
  std::vector<int64_t> result(table.size(), unreachable);
  std::vector<int32_t> reached = targets;
  for (const int32_t target : targets) result[static_cast<size_t>(target)] = 0;
  for (size_t at = 0; at < reached.size(); ++at) {
    const int64_t next = result[static_cast<size_t>(reached[at])] + 1;
    for (const int32_t source : sources[static_cast<size_t>(reached[at])]) {
      if (result[static_cast<size_t>(source)] <= next) continue;
      result[static_cast<size_t>(source)] = next;
      reached.push_back(source);
    }
  }
  return result;
}

}  // namespace

ShortestEnds::ShortestEnds(const Grammar& grammar) {
  for (const Terminal& terminal : grammar.terminals()) {
    terminals_.push_back(ends_of(terminal));
    const auto index = static_cast<int32_t>(terminals_.size()) - 1;
    for (int32_t state = 0; state < terminal.dfa.size(); ++state) {
      terminals_.back().most = std::max(terminals_.back().most, of_terminal(index, {.state = state}));
    }
  }
  find_node_ends(grammar);
}

ShortestEnds::TerminalEnds ShortestEnds::ends_of(const Terminal& terminal) {
  TerminalEnds ends;
  std::vector<int32_t> accepting;
  for (int32_t state = 0; state < terminal.dfa.size(); ++state) {
    if (terminal.dfa.accepts(state)) accepting.push_back(state);
  }
  ends.to_end = distances(terminal.dfa, accepting);
  if (terminal.counted_state == Terminal::not_counted) return ends;
  ends.counted_state = terminal.counted_state;
  ends.least = terminal.least;
  ends.to_counted = distances(terminal.dfa, {terminal.counted_state});
  ends.pass = unreachable;
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == terminal.closing) continue;
    const int32_t next = terminal.dfa.next(terminal.counted_state, static_cast<uint8_t>(byte));
    if (next != Dfa::dead_state)
      ends.pass = std::min(ends.pass, 1 + ends.to_counted[static_cast<size_t>(next)]);
  }
  return ends;
}

int64_t ShortestEnds::most_of_terminal(int32_t terminal) const {
  return terminals_[static_cast<size_t>(terminal)].most;
}

int64_t ShortestEnds::of_terminal(int32_t terminal, TerminalState at) const {
  const TerminalEnds& ends = terminals_[static_cast<size_t>(terminal)];
  const auto state = static_cast<size_t>(at.state);
  if (ends.counted_state == Terminal::not_counted || ends.to_counted[state] >= unreachable) {
    return ends.to_end[state];
  }
  const int64_t passes = at.count + (at.state == ends.counted_state ? 0 : 1);
  const int64_t missing = std::max<int64_t>(0, ends.least - passes);
  return std::min(unreachable, ends.to_counted[state] + (missing == 0 ? 0 : missing * ends.pass) +
                                   ends.to_end[static_cast<size_t>(ends.counted_state)]);
}

// Repeats up to a fixed point. Ends were added last, so going backwards finds most in one round. An edge is
// taken only if it makes the way shorter, so that edges never form a circle.
void ShortestEnds::find_node_ends(const Grammar& grammar) {
  nodes_.assign(grammar.nodes().size(), unreachable);
  edges_.assign(grammar.nodes().size(), no_edge);
  const auto through = [&](const Grammar::Edge& edge) {
    switch (edge.kind) {
      case Grammar::EdgeKind::jump: return int64_t{0};
      case Grammar::EdgeKind::rule: return of_node(grammar.start_of(edge.index));
      case Grammar::EdgeKind::terminal: break;
    }
    const bool is_empty = grammar.terminals()[static_cast<size_t>(edge.index)].dfa.is_empty();
    return is_empty ? unreachable : of_terminal(edge.index, {});
  };
  for (bool has_changed = true; std::exchange(has_changed, false);) {
    for (size_t i = nodes_.size(); i-- > 0;) {
      const Grammar::Node& node = grammar.nodes()[i];
      const int64_t before = nodes_[i];
      if (node.is_end) nodes_[i] = 0;
      for (size_t edge = 0; edge < node.edges.size(); ++edge) {
        const int64_t bytes = through(node.edges[edge]) + of_node(node.edges[edge].target);
        if (bytes >= nodes_[i]) continue;
        nodes_[i] = bytes;
        edges_[i] = static_cast<int32_t>(edge);
      }
      has_changed = has_changed || nodes_[i] < before;
    }
  }
}

}  // namespace shoal
