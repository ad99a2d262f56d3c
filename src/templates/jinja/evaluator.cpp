#include "templates/jinja/evaluator.h"

#include <algorithm>

namespace shoal::jinja {

Evaluator::Level::Level(Evaluator& evaluator) : evaluator_(evaluator) {
  if (++evaluator_.depth_ > Budget::call_depth) {
    --evaluator_.depth_;
    give_up("the template is nested deeper than {} levels", Budget::call_depth);
  }
  evaluator_.budget_.pay_steps(1);
}

// Makes a scope current while it lives; the evaluator keeps the scope if a macro was defined in it.
class Evaluator::ScopeGuard {
 public:
  ScopeGuard(Evaluator& evaluator, Scope* parent)
      : evaluator_(evaluator), before_(evaluator.scope_), scope_(std::make_unique<Scope>()) {
    scope_->parent = parent;
    evaluator_.scope_ = scope_.get();
  }
  ~ScopeGuard() {
    evaluator_.scope_ = before_;
    if (scope_->kept) evaluator_.kept_scopes_.push_back(std::move(scope_));
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Evaluator& evaluator_;
  Scope* before_;
  std::unique_ptr<Scope> scope_;
};

struct Evaluator::Loop {
  const std::vector<Datum>& items;
  size_t index;
  int depth;
};

Evaluator::Evaluator(const Block& program, const Value& context) : program_(program), scope_(&globals_) {
  define_globals(globals_);
  for (const auto& [name, value] : *context.object()) {
    // These two are the model's own tokens; every other text is somebody's input.
    const bool trusted = name == "bos_token" || name == "eos_token";
    globals_.values.insert_or_assign(name, from_value(value, !trusted));
  }
}

Evaluator::~Evaluator() {
  for (const std::shared_ptr<Space>& space : spaces_) space->members.clear();
}

MarkedText Evaluator::run() {
  try {
    // The template's own names have a scope below the context's, whose names they hide.
    const ScopeGuard scope(*this, &globals_);
    run_block(program_);
  } catch (Failure& failure) {
    if (failure.line == 0) failure.line = line_;
    throw;
  }
  return std::move(output_);
}

std::shared_ptr<Space> Evaluator::new_space() {
  budget_.pay_steps(32);
  budget_.pay_bytes(256);
  return spaces_.emplace_back(std::make_shared<Space>());
}

void Evaluator::print(const MarkedText& text) {
  budget_.pay_bytes(text.size());
  if (output_.size() + text.size() > output_limit_)
    give_up("the output is longer than {} bytes", output_limit_);
  output_.append(text);
}

Evaluator::Flow Evaluator::run_block(const Block& block) {
  for (const auto& statement : block) {
    if (const Flow flow = run_statement(*statement); flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Evaluator::Flow Evaluator::run_statement(const Statement& statement) {
  const Level level(*this);
  line_ = statement.line;
  switch (statement.kind) {
    case StatementKind::text:
      budget_.pay_bytes(static_cast<int64_t>(statement.text.size()));
      print(MarkedText::of_template(statement.text));
      break;
    case StatementKind::output: print(to_text(evaluate(*statement.expression), budget_)); break;
    case StatementKind::branches: return run_branches(statement);
    case StatementKind::loop:
      run_loop(statement, iterate(evaluate(*statement.expression), budget_), 1);
      break;
    case StatementKind::assign: {
      Datum value = evaluate(*statement.expression);
      if (statement.target != nullptr) assign(*statement.target, std::move(value));
      break;
    }
    case StatementKind::assign_block: {
      Datum value(capture(statement.body));
      if (statement.expression != nullptr) value = evaluate_filter(*statement.expression, &value);
      assign(*statement.target, std::move(value));
      break;
    }
    case StatementKind::macro: define(statement.text, make_macro(statement.text, statement)); break;
    case StatementKind::call: run_call(statement); break;
    case StatementKind::filter: {
      const Datum value(capture(statement.body));
      const Datum filtered = evaluate_filter(*statement.expression, &value);
      if (filtered.text() == nullptr) give_up("a filter block makes a {}, no text", type_name(filtered));
      print(*filtered.text());
      break;
    }
    case StatementKind::with: run_with(statement); break;
    case StatementKind::group: return run_block(statement.body);
    case StatementKind::stop: return Flow::stop;
    case StatementKind::next: return Flow::next;
  }
  return Flow::normal;
}

Evaluator::Flow Evaluator::run_branches(const Statement& statement) {
  for (const Branch& branch : statement.branches) {
    if (branch.condition == nullptr || evaluate(*branch.condition).truth()) return run_block(branch.body);
  }
  return Flow::normal;
}

std::vector<Datum> Evaluator::filter_items(const Statement& statement, std::vector<Datum> items) {
  if (statement.condition == nullptr) return items;
  std::vector<Datum> kept;
  for (Datum& item : items) {
    const ScopeGuard scope(*this, scope_);
    assign(*statement.target, item);
    if (evaluate(*statement.condition).truth()) kept.push_back(std::move(item));
  }
  return kept;
}

void Evaluator::run_loop(const Statement& statement, std::vector<Datum> all, int depth) {
  const std::vector<Datum> items = filter_items(statement, std::move(all));
  if (items.empty()) {
    run_block(statement.otherwise);
    return;
  }
  const std::shared_ptr<Space> space = new_space();
  for (size_t i = 0; i < items.size(); ++i) {
    const ScopeGuard scope(*this, scope_);
    define("loop", loop_value({items, i, depth}, statement, space));
    assign(*statement.target, items[i]);
    if (run_block(statement.body) == Flow::stop) break;
  }
  space->members = {};
  // Usually nobody else holds the space, so it can be dropped at once.
  if (spaces_.back() == space && space.use_count() == 2) spaces_.pop_back();
}

Datum Evaluator::loop_value(const Loop& loop, const Statement& statement,
                            const std::shared_ptr<Space>& space) {
  budget_.pay_steps(12);
  const auto count = static_cast<int64_t>(loop.items.size());
  const auto index = static_cast<int64_t>(loop.index);
  space->set("index", index + 1);
  space->set("index0", index);
  space->set("revindex", count - index);
  space->set("revindex0", count - index - 1);
  space->set("first", index == 0);
  space->set("last", index + 1 == count);
  space->set("length", count);
  space->set("depth", int64_t{loop.depth});
  space->set("depth0", int64_t{loop.depth - 1});
  space->set("previtem", index == 0 ? Datum::undefined("previtem") : loop.items[loop.index - 1]);
  space->set("nextitem", index + 1 == count ? Datum::undefined("nextitem") : loop.items[loop.index + 1]);
  if (index == 0) {
    Space* members = space.get();
    const auto cycle = [members](Evaluator&, const Arguments& arguments) -> Datum {
      const Datum* at = members->find("index0");
      if (arguments.positional.empty() || at == nullptr) give_up("loop.cycle() has nothing to choose from");
      return arguments.positional[static_cast<size_t>(*at->integer()) % arguments.positional.size()];
    };
    const auto changed = [members](Evaluator& evaluator, const Arguments& arguments) -> Datum {
      Datum now = Datum::list(arguments.positional, ListKind::tuple);
      const Datum* before = members->find("changed before");
      const bool is_changed = before == nullptr || !equal(*before, now, evaluator.budget());
      members->set("changed before", std::move(now));
      return is_changed;
    };
    space->set("cycle", std::make_shared<const Callable>(Callable{"cycle", cycle}));
    space->set("changed", std::make_shared<const Callable>(Callable{"changed", changed}));
  }
  if (statement.recursive) {
    const auto recurse = [&statement, depth = loop.depth](Evaluator& evaluator,
                                                          const Arguments& arguments) -> Datum {
      const Bound bound("loop", arguments, {"items"});
      MarkedText before = std::exchange(evaluator.output_, {});
      evaluator.run_loop(statement, iterate(bound[0], evaluator.budget_), depth + 1);
      return std::exchange(evaluator.output_, std::move(before));
    };
    space->set("__call__", std::make_shared<const Callable>(Callable{"loop", recurse}));
  }
  return space;
}

MarkedText Evaluator::capture(const Block& block) {
  MarkedText before = std::exchange(output_, {});
  const ScopeGuard scope(*this, scope_);
  run_block(block);
  return std::exchange(output_, std::move(before));
}

Datum Evaluator::make_macro(std::string name, const Statement& statement) {
  for (Scope* scope = scope_; scope != nullptr && !scope->kept; scope = scope->parent) scope->kept = true;
  budget_.pay_bytes(512);
  Scope* scope = scope_;
  return std::make_shared<const Callable>(
      Callable{std::move(name), [&statement, scope](Evaluator& evaluator, const Arguments& arguments) {
                 return evaluator.call_macro(statement, scope, arguments);
               }});
}

Datum Evaluator::call_macro(const Statement& statement, Scope* scope, const Arguments& arguments) {
  const Level level(*this);
  const int line = line_;
  const ScopeGuard guard(*this, scope);
  const std::string_view name =
      statement.kind == StatementKind::macro ? std::string_view(statement.text) : "caller";
  const std::vector<Parameter>& parameters = statement.parameters;
  std::vector<Datum> rest;
  for (size_t i = parameters.size(); i < arguments.positional.size(); ++i)
    rest.push_back(arguments.positional[i]);
  define("varargs", Datum::list(std::move(rest), ListKind::tuple));
  std::vector<Dict::Member> named;
  for (const auto& [key, value] : arguments.named) {
    if (key == "caller") {
      define("caller", value);
    } else if (std::ranges::find(parameters, key, &Parameter::name) == parameters.end()) {
      named.emplace_back(Datum::text(key), value);
    }
  }
  define("kwargs", Datum::dict(std::move(named)));
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto given =
        std::ranges::find(arguments.named, parameters[i].name, &std::pair<std::string, Datum>::first);
    if (i < arguments.positional.size()) {
      if (given != arguments.named.end()) give_up("{}() got '{}' twice", name, parameters[i].name);
      define(parameters[i].name, arguments.positional[i]);
    } else if (given != arguments.named.end()) {
      define(parameters[i].name, given->second);
    } else if (parameters[i].otherwise != nullptr) {
      define(parameters[i].name, evaluate(*parameters[i].otherwise));
    } else {
      define(parameters[i].name, Datum::undefined(parameters[i].name));
    }
  }
  Datum text(capture(statement.body));
  line_ = line;
  return text;
}

void Evaluator::run_call(const Statement& statement) {
  const Expression& node = *statement.expression;
  const Datum callee = evaluate(*node.children[0]);
  Arguments arguments = evaluate_arguments(node.arguments);
  arguments.named.emplace_back("caller", make_macro("caller", statement));
  print(to_text(call(callee, arguments), budget_));
}

void Evaluator::run_with(const Statement& statement) {
  std::vector<Datum> values;
  for (const ExpressionPointer& value : statement.values) values.push_back(evaluate(*value));
  const ScopeGuard scope(*this, scope_);
  for (size_t i = 0; i < values.size(); ++i) assign(*statement.targets[i], std::move(values[i]));
  run_block(statement.body);
}

void Evaluator::define(std::string_view name, Datum value) {
  const auto found = scope_->values.find(name);
  if (found != scope_->values.end()) {
    found->second = std::move(value);
  } else {
    scope_->values.emplace(std::string(name), std::move(value));
  }
}

const Datum* Evaluator::find(std::string_view name) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    const auto found = scope->values.find(name);
    if (found != scope->values.end()) return &found->second;
  }
  return nullptr;
}

void Evaluator::assign(const Expression& target, Datum value) {
  if (target.kind == ExpressionKind::name) {
    define(target.text, std::move(value));
  } else if (target.kind == ExpressionKind::attribute) {
    Space* space = evaluate(*target.children[0]).space();
    if (space == nullptr)
      give_up("only a namespace's attributes can be set, '{}' is none", target.children[0]->text);
    space->set(target.text, std::move(value));
  } else {
    const std::vector<Datum> values = iterate(value, budget_);
    if (values.size() != target.children.size()) {
      give_up("{} values for {} names", values.size(), target.children.size());
    }
    for (size_t i = 0; i < values.size(); ++i) assign(*target.children[i], values[i]);
  }
}

}  // namespace shoal::jinja
