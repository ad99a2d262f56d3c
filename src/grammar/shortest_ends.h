// How few bytes bring a text to its end from anywhere in a grammar: what must still be written when the
// tokens of a generation run out. Immutable.
#pragma once

#include <cstdint>
#include <vector>

#include "grammar/grammar.h"

namespace shoal {

class ShortestEnds {
 public:
  explicit ShortestEnds(const Grammar& grammar);

  // The fewest bytes from a position in a terminal to the terminal's end.
  int64_t of_terminal(int32_t terminal, TerminalState at) const;
  // The most that of_terminal() gives for any position.
  int64_t most_of_terminal(int32_t terminal) const;
  // The fewest bytes from a node to the end of its rule.
  int64_t of_node(int32_t node) const { return nodes_[static_cast<size_t>(node)]; }
  // The index of the node's edge that the shortest way takes; no_edge where the rule ends.
  static constexpr int32_t no_edge = -1;
  int32_t edge_of_node(int32_t node) const { return edges_[static_cast<size_t>(node)]; }

 private:
  struct TerminalEnds {
    std::vector<int64_t> to_end;  // by the automaton's state, without counting
    // For a terminal that counts: the bytes to the counted state (unreachable after it), and from it back to
    // itself.
    std::vector<int64_t> to_counted;
    int64_t pass = 0;
    int64_t least = 0;
    int64_t most = 0;  // the most from any state
    int32_t counted_state = Terminal::not_counted;
  };

  static TerminalEnds ends_of(const Terminal& terminal);
  void find_node_ends(const Grammar& grammar);

  std::vector<TerminalEnds> terminals_;
  std::vector<int64_t> nodes_;
  std::vector<int32_t> edges_;
};

}  // namespace shoal
