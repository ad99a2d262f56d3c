#include "text/jinja/evaluator.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace shoal::jinja {

class Evaluator::Level {
 public:
  explicit Level(Evaluator& evaluator) : evaluator_(evaluator) {
    if (++evaluator_.depth_ > Budget::kCallDepth) {
      --evaluator_.depth_;
      give_up("the template is nested deeper than {} levels", Budget::kCallDepth);
    }
    evaluator_.budget_.pay_steps(1);
  }
  ~Level() { --evaluator_.depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  Evaluator& evaluator_;
};

// A scope for as long as it lives; handed to the evaluator where a macro needs it longer.
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
    // The model's own tokens; every other text is somebody's input.
    const bool trusted = name == "bos_token" || name == "eos_token";
    globals_.values.insert_or_assign(name, from_value(value, !trusted));
  }
}

Evaluator::~Evaluator() {
  for (const std::shared_ptr<Space>& space : spaces_) space->members.clear();
}

MarkedText Evaluator::run() {
  try {
    // The template's own names, so that a macro is found under the context's.
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
  // Nobody else holds it, as a rule; then it is forgotten at once.
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

Datum Evaluator::evaluate(const Expression& node) {
  const Level level(*this);
  line_ = node.line;
  const auto child = [&](size_t i) { return evaluate(*node.children[i]); };
  switch (node.kind) {
    case ExpressionKind::none: return None{};
    case ExpressionKind::boolean: return node.integer != 0;
    case ExpressionKind::integer: return node.integer;
    case ExpressionKind::number: return node.number;
    case ExpressionKind::string:
      budget_.pay_bytes(static_cast<int64_t>(node.text.size()));
      return Datum::text(node.text);
    case ExpressionKind::name: return evaluate_name(node);
    case ExpressionKind::list:
    case ExpressionKind::tuple: {
      std::vector<Datum> items;
      for (size_t i = 0; i < node.children.size(); ++i) items.push_back(child(i));
      return Datum::list(std::move(items),
                         node.kind == ExpressionKind::list ? ListKind::list : ListKind::tuple);
    }
    case ExpressionKind::dict: return evaluate_dict(node);
    case ExpressionKind::attribute: {
      const Datum value = child(0);
      // Python's own attributes are out of reach, so there is none to miss.
      if (value.is_undefined() && !node.text.starts_with("__"))
        give_up("'{}' is undefined, it has no '{}'", value.undefined_name(), node.text);
      return attribute(value, node.text);
    }
    case ExpressionKind::item: return evaluate_item(node);
    case ExpressionKind::slice: give_up("a slice stands alone");
    case ExpressionKind::call: {
      const Datum callee = child(0);
      return call(callee, evaluate_arguments(node.arguments));
    }
    case ExpressionKind::filter: return evaluate_filter(node, nullptr);
    case ExpressionKind::test: {
      const Datum value = child(0);
      return apply_test(node.text, value, evaluate_arguments(node.arguments));
    }
    case ExpressionKind::negate: return !child(0).truth();
    case ExpressionKind::minus: {
      const Datum value = child(0);
      return value.number() != nullptr ? Datum(-*value.number()) : compute("-", int64_t{0}, value, budget_);
    }
    case ExpressionKind::plus: return compute("+", int64_t{0}, child(0), budget_);
    case ExpressionKind::binary: {
      const Datum left = child(0);
      return compute(node.text, left, child(1), budget_);
    }
    case ExpressionKind::concatenate: {
      MarkedText joined;
      for (size_t i = 0; i < node.children.size(); ++i) {
        const MarkedText part = to_text(child(i), budget_);
        budget_.pay_bytes(part.size());
        joined.append(part);
      }
      return joined;
    }
    case ExpressionKind::compare: return evaluate_compare(node);
    case ExpressionKind::conjunction: {
      Datum left = child(0);
      return left.truth() ? child(1) : left;
    }
    case ExpressionKind::disjunction: {
      Datum left = child(0);
      return left.truth() ? left : child(1);
    }
    case ExpressionKind::conditional:
      if (child(1).truth()) return child(0);
      return node.children[2] != nullptr ? child(2) : Datum::undefined("the else of an inline if");
  }
  return {};
}

Datum Evaluator::evaluate_name(const Expression& node) {
  const Datum* value = find(node.text);
  return value != nullptr ? *value : Datum::undefined(node.text);
}

Datum Evaluator::evaluate_dict(const Expression& node) {
  std::vector<Dict::Member> members;
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    Datum key = evaluate(*node.children[i]);
    check_key(key);
    Datum value = evaluate(*node.children[i + 1]);
    budget_.pay_steps(static_cast<int64_t>(members.size()));
    const auto same = std::ranges::find_if(
        members, [&](const Dict::Member& member) { return equal(member.first, key, budget_); });
    if (same != members.end()) {
      same->second = std::move(value);
    } else {
      members.emplace_back(std::move(key), std::move(value));
    }
  }
  return Datum::dict(std::move(members));
}

Datum Evaluator::evaluate_item(const Expression& node) {
  const Datum value = evaluate(*node.children[0]);
  if (node.children[1]->kind == ExpressionKind::slice) return evaluate_slice(value, *node.children[1]);
  const Datum key = evaluate(*node.children[1]);
  if (value.is_undefined()) give_up("'{}' is undefined, it has no items", value.undefined_name());
  return item(value, key);
}

Datum Evaluator::evaluate_slice(const Datum& value, const Expression& slice) {
  const auto bound = [&](size_t i) -> std::optional<int64_t> {
    if (slice.children[i] == nullptr) return std::nullopt;
    const Datum datum = evaluate(*slice.children[i]);
    if (datum.is_none()) return std::nullopt;
    const std::optional<int64_t> integer = datum.as_integer();
    if (!integer) give_up("a slice's bound is no integer but {}", type_name(datum));
    return integer;
  };
  const std::optional<int64_t> start = bound(0);
  const std::optional<int64_t> stop = bound(1);
  const int64_t step = bound(2).value_or(1);
  if (step == 0) give_up("a slice's step is 0");
  if (value.text() == nullptr && value.list() == nullptr) {
    if (value.is_undefined()) give_up("'{}' is undefined, it has no items", value.undefined_name());
    give_up("a {} has no slices", type_name(value));
  }
  const MarkedText* text = value.text();
  const auto count =
      text != nullptr ? text->character_count() : static_cast<int64_t>(value.list()->items.size());
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? count : count - 1;
  const auto place = [&](int64_t i) { return std::clamp(i < 0 ? i + count : i, low, high); };
  int64_t at = start ? place(*start) : (step > 0 ? low : high);
  const int64_t end = stop ? place(*stop) : (step > 0 ? high : low);
  if (text != nullptr && step == 1) {
    budget_.pay_bytes(text->size());
    return text->slice(text->byte_offset(at), text->byte_offset(std::max(at, end)));
  }
  const std::vector<Datum> items = iterate(value, budget_);
  std::vector<Datum> chosen;
  while (step > 0 ? at < end : at > end) {
    chosen.push_back(items[static_cast<size_t>(at)]);
    if (step > 0 ? end - at <= step : at - end <= -step) break;
    at += step;
  }
  if (value.list() != nullptr) return Datum::list(std::move(chosen), value.list()->kind);
  MarkedText joined;
  for (const Datum& character : chosen) joined.append(*character.text());
  return joined;
}

Datum Evaluator::evaluate_compare(const Expression& node) {
  Datum left = evaluate(*node.children[0]);
  for (size_t i = 0; i < node.operators.size(); ++i) {
    Datum right = evaluate(*node.children[i + 1]);
    const std::string& operation = node.operators[i];
    bool holds = false;
    if (operation == "==") {
      holds = equal(left, right, budget_);
    } else if (operation == "!=") {
      holds = !equal(left, right, budget_);
    } else if (operation == "in") {
      holds = contains(right, left, budget_);
    } else if (operation == "not in") {
      holds = !contains(right, left, budget_);
    } else {
      const int order = compare(left, right, budget_);
      holds = operation == "<"    ? order < 0
              : operation == "<=" ? order <= 0
              : operation == ">"  ? order > 0
                                  : order >= 0;
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

Datum Evaluator::evaluate_filter(const Expression& node, const Datum* block_value) {
  const Level level(*this);
  const Expression* inner = node.children[0].get();
  Datum value;
  if (inner == nullptr) {
    value = *block_value;
  } else {
    value = inner->kind == ExpressionKind::filter ? evaluate_filter(*inner, block_value) : evaluate(*inner);
  }
  const Arguments arguments = evaluate_arguments(node.arguments);
  line_ = node.line;
  return apply_filter(node.text, value, arguments);
}

Arguments Evaluator::evaluate_arguments(const std::vector<Argument>& arguments) {
  Arguments evaluated;
  for (const Argument& argument : arguments) {
    Datum value = evaluate(*argument.value);
    switch (argument.kind) {
      case Argument::Kind::positional: evaluated.positional.push_back(std::move(value)); break;
      case Argument::Kind::named: evaluated.named.emplace_back(argument.name, std::move(value)); break;
      case Argument::Kind::spread_list:
        for (Datum& item : iterate(value, budget_)) evaluated.positional.push_back(std::move(item));
        break;
      case Argument::Kind::spread_dict:
        if (value.dict() == nullptr) give_up("** needs a dict, not {}", type_name(value));
        for (const auto& [key, member] : value.dict()->members) {
          if (key.text() == nullptr) give_up("** needs a dict with texts as keys");
          evaluated.named.emplace_back(key.text()->bytes(), member);
        }
        break;
    }
  }
  return evaluated;
}

Datum Evaluator::call(const Datum& callee, const Arguments& arguments) {
  const Level level(*this);
  if (callee.is_undefined()) give_up("'{}' is undefined", callee.undefined_name());
  const Callable* callable = callee.callable();
  Datum recursive;
  if (Space* space = callee.space(); callable == nullptr && space != nullptr) {
    if (const Datum* member = space->find("__call__")) {
      recursive = *member;
      callable = recursive.callable();
    }
  }
  if (callable == nullptr) give_up("a {} cannot be called", type_name(callee));
  return callable->call(*this, arguments);
}

Datum Evaluator::apply_filter(std::string_view name, const Datum& value, const Arguments& arguments) {
  const Filter filter = find_filter(name);
  if (filter == nullptr) give_up("there is no filter '{}'", name);
  return filter(*this, value, arguments);
}

bool Evaluator::apply_test(std::string_view name, const Datum& value, const Arguments& arguments) {
  const Test test = find_test(name);
  if (test == nullptr) give_up("there is no test '{}'", name);
  return test(*this, value, arguments);
}

Datum Evaluator::attribute(const Datum& value, std::string_view name) {
  if (Space* space = value.space()) {
    const Datum* member = space->find(name);
    return member != nullptr ? *member : Datum::undefined(name);
  }
  if (changes_value(value, name)) return Datum::undefined(fmt::format("{}.{}", type_name(value), name));
  if (Datum method = find_method(value, name); !method.is_undefined()) return method;
  if (const Dict* dict = value.dict()) {
    if (const Datum* member = dict->find(name)) return *member;
  }
  return Datum::undefined(name);
}

Datum Evaluator::item(const Datum& value, const Datum& key) {
  if (const Dict* dict = value.dict()) {
    if (const Datum* member = dict->find(key, budget_)) return *member;
  }
  const std::optional<int64_t> index = key.as_integer();
  if (const List* list = value.list(); list != nullptr && index) {
    const auto count = static_cast<int64_t>(list->items.size());
    const int64_t at = *index < 0 ? *index + count : *index;
    if (at >= 0 && at < count) return list->items[static_cast<size_t>(at)];
    return Datum::undefined(fmt::format("item {}", *index));
  }
  if (const MarkedText* text = value.text(); text != nullptr && index) {
    budget_.pay_steps(text->size() / 64);
    const int64_t count = text->character_count();
    const int64_t at = *index < 0 ? *index + count : *index;
    if (at >= 0 && at < count) return text->slice(text->byte_offset(at), text->byte_offset(at + 1));
    return Datum::undefined(fmt::format("character {}", *index));
  }
  if (Space* space = value.space(); space != nullptr && key.text() != nullptr) {
    const Datum* member = space->find(key.text()->bytes());
    return member != nullptr ? *member : Datum::undefined(key.text()->bytes());
  }
  if (key.text() != nullptr) {
    Datum method = find_method(value, key.text()->bytes());
    return method.is_undefined() ? Datum::undefined(key.text()->bytes()) : method;
  }
  return Datum::undefined("an item");
}

}  // namespace shoal::jinja
