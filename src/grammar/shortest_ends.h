// How few bytes bring a text to its end, from anywhere in a grammar: what still has to be written when the
// tokens of a generation run out. Immutable.
#pragma once

#include <cstdint>
#include <vector>

#include "grammar/grammar.h"

namespace shoal {

class ShortestEnds {
 public:
  explicit ShortestEnds(const Grammar& grammar);

  // From a state of a terminal to the terminal's end.
  int64_t of_terminal(int32_t terminal, TerminalState at) const;
  // The most that of_terminal() says of any of its states.
  int64_t most_of_terminal(int32_t terminal) const;
  // From a node to the end of its rule.
  int64_t of_node(int32_t node) const { return nodes_[static_cast<size_t>(node)]; }
  // Which of the node's edges the shortest way takes; no_edge where it ends here.
  static constexpr int32_t no_edge = -1;
  int32_t edge_of_node(int32_t node) const { return edges_[static_cast<size_t>(node)]; }

 private:
  struct TerminalEnds {
    std::vector<int64_t> to_end;  // by the automaton's state, as if nothing were counted
    // Of a terminal that counts: to the counted state, unreachable behind it; and from it to itself.
    std::vector<int64_t> to_counted;
    int64_t pass = 0;
    int64_t least = 0;
    int64_t most = 0;  // of any state
    int32_t counted_state = Terminal::not_counted;
  };

  static TerminalEnds ends_of(const Terminal& terminal);
  void find_node_ends(const Grammar& grammar);

  std::vector<TerminalEnds> terminals_;
  std::vector<int64_t> nodes_;
  std::vector<int32_t> edges_;
};

}  // namespace shoal
