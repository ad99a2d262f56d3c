#include <algorithm>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/integers.h"

namespace shoal::jinja {

Datum Evaluator::evaluate(const Expression& node) {
  const Level level(*this);
  line_ = node.line;
  const auto child = [&](size_t i) { return evaluate(*node.children[i]); };
  switch (node.kind) {
    case ExpressionKind::none: return None{};
    case ExpressionKind::boolean: return node.integer != 0;
    case ExpressionKind::integer: return node.integer;
    case ExpressionKind::big_integer: return parse_integer(node.text, 0);
    case ExpressionKind::number: return node.number;
    case ExpressionKind::string:
      budget_.pay_bytes(static_cast<int64_t>(node.text.size()));
      return Datum::text(node.text);
    case ExpressionKind::name: return evaluate_name(node);
    case ExpressionKind::list:
    case ExpressionKind::tuple: return evaluate_list(node);
    case ExpressionKind::dict: return evaluate_dict(node);
    case ExpressionKind::attribute: return evaluate_attribute(node);
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
    case ExpressionKind::concatenate: return evaluate_concatenation(node);
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

Datum Evaluator::evaluate_list(const Expression& node) {
  std::vector<Datum> items;
  for (const auto& child : node.children) items.push_back(evaluate(*child));
  return Datum::list(std::move(items), node.kind == ExpressionKind::list ? ListKind::list : ListKind::tuple);
}

Datum Evaluator::evaluate_attribute(const Expression& node) {
  const Datum value = evaluate(*node.children[0]);
  // Python's own attributes are out of reach, so their absence is no error.
  if (value.is_undefined() && !node.text.starts_with("__"))
    give_up("'{}' is undefined, it has no '{}'", value.undefined_name(), node.text);
  return attribute(value, node.text);
}

Datum Evaluator::evaluate_concatenation(const Expression& node) {
  MarkedText joined;
  for (const auto& child : node.children) {
    const MarkedText part = to_text(evaluate(*child), budget_);
    budget_.pay_bytes(part.size());
    joined.append(part);
  }
  return joined;
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
    const std::optional<int64_t> integer = clamped_integer(datum);
    if (!integer) give_up("a slice's bound is no integer but {}", type_name(datum));
    return integer;
  };
  const std::optional<int64_t> start = bound(0);
  const std::optional<int64_t> stop = bound(1);
  const int64_t step = std::max(bound(2).value_or(1), -INT64_MAX);
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

}  // namespace shoal::jinja
