// An expression as a nondeterministic automaton over bytes, the step between expression and Dfa.
#pragma once

#include <cstdint>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

struct Nfa {
  struct Edge {
    uint8_t first;
    uint8_t last;
    int32_t target;
  };
  enum class When : uint8_t { always, at_begin, at_end };
  struct Jump {
    When when;
    int32_t target;
  };
  struct Node {
    std::vector<Edge> edges;
    std::vector<Jump> jumps;  // transitions that take no byte
  };

  std::vector<Node> nodes;
  int32_t start = 0;
  int32_t end = 0;
};

Result<Nfa> make_nfa(const Expression& expression, GrammarBudget& budget);

}  // namespace shoal
