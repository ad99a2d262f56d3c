#include "grammar/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

constexpr std::string_view subject = "the grammar";

// Collects the rules that an expression calls anywhere in it.
void collect_calls(const Expression& expression, std::vector<int32_t>& calls) {
  if (expression.kind == ExpressionKind::rule) calls.push_back(expression.index);
  for (const Expression& part : expression.parts) collect_calls(part, calls);
}

bool has_terminal(const Expression& expression) {
  return expression.kind == ExpressionKind::terminal || std::ranges::any_of(expression.parts, has_terminal);
}

}  // namespace

int32_t GrammarBuilder::add_rule(std::string name) {
  rules_.push_back({.name = std::move(name), .body = never()});
  return rule_count() - 1;
}

int32_t GrammarBuilder::add_terminal(Terminal terminal) {
  std::string key = terminal.dfa.key();
  for (const int64_t value : {static_cast<int64_t>(terminal.counted_state), terminal.least, terminal.most}) {
    key += fmt::format("/{}", value);
  }
  const auto next = static_cast<int32_t>(grammar_.terminals_.size());
  const auto [found, is_new] = terminal_keys_.try_emplace(std::move(key), next);
  if (is_new) grammar_.terminals_.push_back(std::move(terminal));
  return found->second;
}

int32_t GrammarBuilder::add_grammar(Grammar grammar) {
  const int32_t rule = add_rule("of a grammar");
  rules_.back().finished = std::move(grammar);
  return rule;
}

Result<Grammar> GrammarBuilder::build(int32_t root) {
  find_regular_rules();
  for (int32_t rule = 0; rule < rule_count(); ++rule) grammar_.rule_starts_.push_back(add_node());
  std::vector<int32_t> pending{root};  // only rules that are called are added
  std::vector<char> seen(rules_.size(), 0);
  seen[static_cast<size_t>(root)] = 1;
  while (!pending.empty()) {
    const auto rule = static_cast<size_t>(pending.back());
    pending.pop_back();
    const int32_t start = grammar_.rule_starts_[rule];
    if (rules_[rule].finished) {
      add_finished(*rules_[rule].finished, start);
      continue;
    }
    const Expression body = rules_[rule].body;
    const Result<int32_t> end = add(body, start);
    if (!end) return fail(end.error(), fmt::format("rule {}", rules_[rule].name));
    const int32_t last = add_node();
    add_edge(*end, Grammar::EdgeKind::jump, -1, last);
    grammar_.nodes_[static_cast<size_t>(last)].is_end = true;
    std::vector<int32_t> calls;
    collect_calls(body, calls);
    for (const int32_t call : calls) {
      if (!std::exchange(seen[static_cast<size_t>(call)], 1)) pending.push_back(call);
    }
  }
  grammar_.root_ = grammar_.start_of(root);
  drop_endless();
  if (grammar_.nodes_[static_cast<size_t>(grammar_.root_)].edges.empty()) {
    return fail(ErrorCode::invalid_argument, std::string(no_text));
  }
  if (Result<void> checked = check_left_recursion(); !checked) return fail(checked.error());
  mark_tails();
  return std::move(grammar_);
}

// A rule is regular when all rules that it calls are, so that it never comes back to itself.
void GrammarBuilder::find_regular_rules() {
  std::vector<std::vector<int32_t>> callers(rules_.size());
  std::vector<size_t> open_calls(rules_.size(), 0);
  std::vector<int32_t> pending;
  for (size_t rule = 0; rule < rules_.size(); ++rule) {
    std::vector<int32_t> calls;
    collect_calls(rules_[rule].body, calls);
    if (has_terminal(rules_[rule].body) || rules_[rule].finished) calls.push_back(-1);
    open_calls[rule] = calls.size();
    for (const int32_t call : calls) {
      if (call >= 0) callers[static_cast<size_t>(call)].push_back(static_cast<int32_t>(rule));
    }
    if (calls.empty()) pending.push_back(static_cast<int32_t>(rule));
  }
  while (!pending.empty()) {
    const auto rule = static_cast<size_t>(pending.back());
    pending.pop_back();
    rules_[rule].is_regular = true;
    for (const int32_t caller : callers[rule]) {
      if (--open_calls[static_cast<size_t>(caller)] == 0) pending.push_back(caller);
    }
  }
}

bool GrammarBuilder::is_pure(const Expression& expression) const {
  if (expression.kind == ExpressionKind::rule || expression.kind == ExpressionKind::terminal) return false;
  return std::ranges::all_of(expression.parts, [this](const Expression& part) { return is_pure(part); });
}

// The expression with the bodies of regular rules in place of their calls.
Result<Expression> GrammarBuilder::inlined(const Expression& expression, int depth) {
  constexpr int maximum_depth = 1000;
  if (Result<void> paid = budget_.take(100, subject); !paid) return fail(paid.error());
  if (depth > maximum_depth) return fail(ErrorCode::invalid_argument, "rules are nested too deeply");
  if (expression.kind == ExpressionKind::rule) {
    return inlined(rules_[static_cast<size_t>(expression.index)].body, depth + 1);
  }
  Expression result = expression;
  for (Expression& part : result.parts) {
    Result<Expression> made = inlined(part, depth + 1);
    if (!made) return made;
    part = *std::move(made);
  }
  return result;
}

Result<int32_t> GrammarBuilder::terminal_of(const Expression& pure) {
  Result<Dfa> dfa = make_dfa(pure, budget_);
  if (!dfa) return fail(dfa.error());
  return add_terminal({.dfa = *std::move(dfa)});
}

Result<int32_t> GrammarBuilder::terminal_of_rule(int32_t rule) {
  Rule& made = rules_[static_cast<size_t>(rule)];
  if (made.terminal >= 0) return made.terminal;
  const Result<Expression> body = inlined(made.body, 0);
  if (!body) return fail(body.error());
  Result<int32_t> terminal = terminal_of(*body);
  if (terminal) made.terminal = *terminal;
  return terminal;
}

// Copies the nodes, terminals and rules of a finished grammar under new numbers.
void GrammarBuilder::add_finished(const Grammar& grammar, int32_t start) {
  const auto first_node = static_cast<int32_t>(grammar_.nodes_.size());
  const auto first_rule = static_cast<int32_t>(grammar_.rule_starts_.size());
  for (const int32_t inner : grammar.rule_starts_) grammar_.rule_starts_.push_back(first_node + inner);
  std::vector<int32_t> terminals;
  for (const Terminal& terminal : grammar.terminals_) terminals.push_back(add_terminal(terminal));
  for (const Grammar::Node& source : grammar.nodes_) {
    Grammar::Node& node = grammar_.nodes_.emplace_back(source);
    node.is_tail = false;  // mark_tails() sets it again
    for (Grammar::Edge& edge : node.edges) {
      edge.target += first_node;
      if (edge.kind == Grammar::EdgeKind::terminal) edge.index = terminals[static_cast<size_t>(edge.index)];
      if (edge.kind == Grammar::EdgeKind::rule) edge.index += first_rule;
    }
  }
  add_edge(start, Grammar::EdgeKind::jump, -1, first_node + grammar.root_);
}

int32_t GrammarBuilder::add_node() {
  grammar_.nodes_.emplace_back();
  return static_cast<int32_t>(grammar_.nodes_.size()) - 1;
}

void GrammarBuilder::add_edge(int32_t from, Grammar::EdgeKind kind, int32_t index, int32_t to) {
  grammar_.nodes_[static_cast<size_t>(from)].edges.push_back({kind, index, to});
}

// Adds the expression after the node `from`; returns the node after it.
Result<int32_t> GrammarBuilder::add(const Expression& expression, int32_t from) {
  if (Result<void> paid = budget_.take(20, subject); !paid) return fail(paid.error());
  if (std::ssize(grammar_.nodes_) > maximum_nodes) {
    return fail(ErrorCode::invalid_argument, "too many parts, or repeated too often");
  }
  if (is_pure(expression)) {
    const Result<int32_t> terminal = terminal_of(expression);
    if (!terminal) return terminal;
    const int32_t to = add_node();
    add_edge(from, Grammar::EdgeKind::terminal, *terminal, to);
    return to;
  }
  switch (expression.kind) {
    case ExpressionKind::rule: {
      const bool is_regular = rules_[static_cast<size_t>(expression.index)].is_regular;
      const Result<int32_t> terminal = is_regular ? terminal_of_rule(expression.index) : Result<int32_t>(-1);
      if (!terminal) return terminal;
      const int32_t to = add_node();
      add_edge(from, is_regular ? Grammar::EdgeKind::terminal : Grammar::EdgeKind::rule,
               is_regular ? *terminal : expression.index, to);
      return to;
    }
    case ExpressionKind::terminal: {
      const int32_t to = add_node();
      add_edge(from, Grammar::EdgeKind::terminal, expression.index, to);
      return to;
    }
    case ExpressionKind::sequence: return add_sequence(expression.parts, from);
    case ExpressionKind::choice: return add_choice(expression.parts, from);
    case ExpressionKind::repeat: return add_repeat(expression, from);
    case ExpressionKind::never:
    case ExpressionKind::characters:
    case ExpressionKind::text_begin:
    case ExpressionKind::text_end: break;
  }
  CHECK(false && "these are pure");
}

// Neighbours that call no rule become one terminal.
Result<int32_t> GrammarBuilder::add_sequence(const std::vector<Expression>& parts, int32_t from) {
  for (size_t i = 0; i < parts.size();) {
    std::vector<Expression> pure;
    while (i < parts.size() && is_pure(parts[i])) pure.push_back(parts[i++]);
    const Result<int32_t> to = pure.empty() ? add(parts[i++], from) : add(sequence_of(std::move(pure)), from);
    if (!to) return to;
    from = *to;
  }
  return from;
}

Result<int32_t> GrammarBuilder::add_choice(const std::vector<Expression>& parts, int32_t from) {
  const int32_t end = add_node();
  std::vector<Expression> pure;
  for (const Expression& part : parts) {
    if (is_pure(part)) {
      pure.push_back(part);
      continue;
    }
    const Result<int32_t> to = add(part, from);
    if (!to) return to;
    add_edge(*to, Grammar::EdgeKind::jump, -1, end);
  }
  if (!pure.empty()) {
    const Result<int32_t> to = add(choice_of(std::move(pure)), from);
    if (!to) return to;
    add_edge(*to, Grammar::EdgeKind::jump, -1, end);
  }
  return end;
}

Result<int32_t> GrammarBuilder::add_repeat(const Expression& repeat, int32_t from) {
  const Expression& part = repeat.parts.front();
  for (int64_t i = 0; i < repeat.least; ++i) {
    const Result<int32_t> to = add(part, from);
    if (!to) return to;
    from = *to;
  }
  const int32_t end = add_node();
  if (repeat.most == Expression::unlimited) {
    const int32_t begin = add_node();
    add_edge(from, Grammar::EdgeKind::jump, -1, begin);
    add_edge(begin, Grammar::EdgeKind::jump, -1, end);
    const Result<int32_t> to = add(part, begin);
    if (!to) return to;
    add_edge(*to, Grammar::EdgeKind::jump, -1, begin);
    return end;
  }
  add_edge(from, Grammar::EdgeKind::jump, -1, end);
  for (int64_t i = repeat.least; i < repeat.most; ++i) {
    const Result<int32_t> to = add(part, from);
    if (!to) return to;
    add_edge(*to, Grammar::EdgeKind::jump, -1, end);
    from = *to;
  }
  return end;
}

// Removes edges from which no end of the rule can be reached.
void GrammarBuilder::drop_endless() {
  std::vector<Grammar::Node>& nodes = grammar_.nodes_;
  const auto needs = [&](const Grammar::Edge& edge, const auto& is_good) {
    if (edge.kind == Grammar::EdgeKind::terminal) {
      return !grammar_.terminals_[static_cast<size_t>(edge.index)].dfa.is_empty() && is_good(edge.target);
    }
    return is_good(edge.target) &&
           (edge.kind == Grammar::EdgeKind::jump || is_good(grammar_.start_of(edge.index)));
  };
  std::vector<std::vector<int32_t>> waiting(nodes.size());  // edges that wait for the node to become good
  std::vector<bool> good(nodes.size(), false);
  std::vector<int32_t> pending;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const Grammar::Edge& edge : nodes[i].edges) {
      waiting[static_cast<size_t>(edge.target)].push_back(static_cast<int32_t>(i));
      if (edge.kind != Grammar::EdgeKind::rule) continue;
      waiting[static_cast<size_t>(grammar_.start_of(edge.index))].push_back(static_cast<int32_t>(i));
    }
    if (nodes[i].is_end) {
      good[i] = true;
      pending.push_back(static_cast<int32_t>(i));
    }
  }
  const auto is_good = [&](int32_t node) { return good[static_cast<size_t>(node)]; };
  while (!pending.empty()) {
    const auto done = static_cast<size_t>(pending.back());
    pending.pop_back();
    for (const int32_t node : waiting[done]) {
      if (is_good(node)) continue;
      const std::vector<Grammar::Edge>& edges = nodes[static_cast<size_t>(node)].edges;
      if (std::ranges::none_of(edges, [&](const auto& edge) { return needs(edge, is_good); })) continue;
      good[static_cast<size_t>(node)] = true;
      pending.push_back(node);
    }
  }
  for (Grammar::Node& node : nodes) {
    std::erase_if(node.edges, [&](const Grammar::Edge& edge) { return !needs(edge, is_good); });
  }
}

void GrammarBuilder::mark_tails() {
  std::vector<Grammar::Node>& nodes = grammar_.nodes_;
  for (bool has_changed = true; std::exchange(has_changed, false);) {
    // Ends were added last, so going backwards finds most tails in one round.
    for (size_t i = nodes.size(); i-- > 0;) {
      Grammar::Node& node = nodes[i];
      if (node.is_tail) continue;
      const bool leads_on = node.edges.size() == 1 && node.edges[0].kind == Grammar::EdgeKind::jump &&
                            nodes[static_cast<size_t>(node.edges[0].target)].is_tail;
      node.is_tail = node.edges.empty() ? node.is_end : !node.is_end && leads_on;
      has_changed = has_changed || node.is_tail;
    }
  }
}

// What each rule can reach from its start without taking a byte.
struct GrammarBuilder::FirstCalls {
  std::vector<bool> nullable;                // matches the empty text
  std::vector<std::vector<int32_t>> called;  // the rules that it may begin with
};

// Follows what takes no byte from the start of a rule; returns whether that leads to the rule's end. Adds the
// nodes on the way to `visits`.
bool GrammarBuilder::explore_start(size_t rule, FirstCalls& first, int64_t& visits) const {
  bool reaches_end = false;
  first.called[rule].clear();
  std::vector<int32_t> pending{grammar_.rule_starts_[rule]};
  std::map<int32_t, bool> seen;
  while (!pending.empty()) {
    const int32_t index = pending.back();
    pending.pop_back();
    if (std::exchange(seen[index], true)) continue;
    ++visits;
    const Grammar::Node& node = grammar_.nodes_[static_cast<size_t>(index)];
    reaches_end = reaches_end || node.is_end;
    for (const Grammar::Edge& edge : node.edges) {
      bool is_passable = edge.kind == Grammar::EdgeKind::jump;
      if (edge.kind == Grammar::EdgeKind::terminal) {
        is_passable = grammar_.terminals_[static_cast<size_t>(edge.index)].is_nullable();
      } else if (edge.kind == Grammar::EdgeKind::rule) {
        first.called[rule].push_back(edge.index);
        is_passable = first.nullable[static_cast<size_t>(edge.index)];
      }
      if (is_passable) pending.push_back(edge.target);
    }
  }
  return reaches_end;
}

// Finds, up to a fixed point, which rules match the empty text; then which rules each rule may begin with.
Result<GrammarBuilder::FirstCalls> GrammarBuilder::find_first_calls() {
  const size_t count = grammar_.rule_starts_.size();  // rules of finished grammars included
  FirstCalls first{.nullable = std::vector<bool>(count), .called = std::vector<std::vector<int32_t>>(count)};
  int64_t visits = 0;
  for (bool has_changed = true; std::exchange(has_changed, false);) {
    for (size_t rule = 0; rule < count; ++rule) {
      if (!first.nullable[rule] && explore_start(rule, first, visits))
        has_changed = first.nullable[rule] = true;
    }
    if (Result<void> paid = budget_.take(10 * std::exchange(visits, 0), subject); !paid)
      return fail(paid.error());
  }
  for (size_t rule = 0; rule < count; ++rule) explore_start(rule, first, visits);
  return first;
}

// Walks in depth over the calls at rules' beginnings; one that leads back to an open rule is a left
// recursion.
Result<void> GrammarBuilder::check_left_recursion() {
  const Result<FirstCalls> first = find_first_calls();
  if (!first) return fail(first.error());
  enum class Mark : uint8_t { fresh, open, done };
  std::vector<Mark> marks(first->called.size(), Mark::fresh);
  for (size_t start = 0; start < marks.size(); ++start) {
    std::vector<std::pair<size_t, size_t>> path;  // a rule, and the index of its next call
    if (marks[start] == Mark::fresh) path.emplace_back(start, 0);
    while (!path.empty()) {
      auto& [rule, at] = path.back();
      marks[rule] = Mark::open;
      if (at == first->called[rule].size()) {
        marks[rule] = Mark::done;
        path.pop_back();
        continue;
      }
      const auto called = static_cast<size_t>(first->called[rule][at++]);
      if (marks[called] == Mark::open) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("rule {} calls itself before any character",
                                called < rules_.size() ? rules_[called].name : "of a grammar"));
      }
      if (marks[called] == Mark::fresh) path.emplace_back(called, 0);
    }
  }
  return {};
}

}  // namespace shoal
