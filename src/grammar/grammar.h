// A compiled grammar: rules that call each other, over terminals, which are automata over bytes. Immutable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/expression.h"

namespace shoal {

// An automaton and, for strings of limited length, how often a text may pass through one of its states. In
// that state the byte `closing` needs at least `least` passes so far; every other byte begins a further pass,
// up to `most`.
struct Terminal {
  static constexpr int32_t not_counted = -1;

  Dfa dfa;
  int32_t counted_state = not_counted;
  uint8_t closing = '"';
  int64_t least = 0;
  int64_t most = Expression::unlimited;

  bool is_nullable() const { return !dfa.is_empty() && dfa.accepts(Dfa::start_state); }
};

// A position in a terminal: its automaton's state, and the passes so far.
struct TerminalState {
  int32_t state = Dfa::start_state;
  int32_t count = -1;  // -1: the counted state has not been reached

  bool operator==(const TerminalState&) const = default;
};

// The position after the byte; its `state` is Dfa::dead_state when the byte is not allowed.
inline TerminalState advance(const Terminal& terminal, TerminalState at, uint8_t byte) {
  const int32_t next = terminal.dfa.next(at.state, byte);
  if (terminal.counted_state == Terminal::not_counted || next == Dfa::dead_state) return {next, at.count};
  if (at.state == terminal.counted_state) {
    const bool is_allowed = byte == terminal.closing
                                ? at.count >= terminal.least
                                : terminal.most == Expression::unlimited || at.count < terminal.most;
    if (!is_allowed) return {Dfa::dead_state, at.count};
  }
  return {next, at.count + (next == terminal.counted_state ? 1 : 0)};
}

class Grammar {
 public:
  enum class EdgeKind : uint8_t { jump, terminal, rule };
  struct Edge {
    EdgeKind kind;
    int32_t index;   // index of the terminal or rule
    int32_t target;  // index of a node
  };
  struct Node {
    std::vector<Edge> edges;
    bool is_end = false;   // the node ends its rule
    bool is_tail = false;  // only its rule's end follows
  };

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Terminal>& terminals() const { return terminals_; }
  int32_t start_of(int32_t rule) const { return rule_starts_[static_cast<size_t>(rule)]; }
  int32_t root() const { return root_; }

 private:
  friend class GrammarBuilder;
  std::vector<Node> nodes_;
  std::vector<Terminal> terminals_;
  std::vector<int32_t> rule_starts_;
  int32_t root_ = 0;
};

// The message of the error when rules and terminals match no text.
inline constexpr std::string_view no_text = "no text is allowed at all";

// Collects rules and terminals, then checks and compiles them.
class GrammarBuilder {
 public:
  static constexpr int64_t maximum_nodes = 400'000;

  GrammarBudget& budget() { return budget_; }

  // A rule without a body yet, for define(); its name is for errors.
  int32_t add_rule(std::string name);
  void define(int32_t rule, Expression body) { rules_[static_cast<size_t>(rule)].body = std::move(body); }
  int32_t rule_count() const { return static_cast<int32_t>(rules_.size()); }
  // Equal terminals get the same index.
  int32_t add_terminal(Terminal terminal);
  // A rule that matches the texts of a finished grammar.
  int32_t add_grammar(Grammar grammar);

  // Alternatives that can never end are left out. invalid_argument when nothing is left, when a rule calls
  // itself before any character, or when the whole is too large.
  Result<Grammar> build(int32_t root);

 private:
  struct Rule {
    std::string name;
    Expression body;
    bool is_regular = false;                         // has no recursion
    int32_t terminal = -1;                           // the automaton of a regular rule
    std::optional<Grammar> finished = std::nullopt;  // used instead of the body
  };

  void find_regular_rules();
  bool is_pure(const Expression& expression) const;
  Result<Expression> inlined(const Expression& expression, int depth);
  Result<int32_t> terminal_of(const Expression& pure);
  Result<int32_t> terminal_of_rule(int32_t rule);

  void add_finished(const Grammar& grammar, int32_t start);
  int32_t add_node();
  void add_edge(int32_t from, Grammar::EdgeKind kind, int32_t index, int32_t to);
  Result<int32_t> add(const Expression& expression, int32_t from);
  Result<int32_t> add_sequence(const std::vector<Expression>& parts, int32_t from);
  Result<int32_t> add_choice(const std::vector<Expression>& parts, int32_t from);
  Result<int32_t> add_repeat(const Expression& repeat, int32_t from);

  void drop_endless();
  void mark_tails();
  struct FirstCalls;
  bool explore_start(size_t rule, FirstCalls& first, int64_t& visits) const;
  Result<FirstCalls> find_first_calls();
  Result<void> check_left_recursion();

  GrammarBudget budget_;
  std::vector<Rule> rules_;
  std::map<std::string, int32_t> terminal_keys_;
  Grammar grammar_;
};

}  // namespace shoal
