#include <unordered_map>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/letter_case.h"

namespace shoal::jinja {
namespace {

const Datum& operand(const Arguments& arguments) {
  if (arguments.positional.size() != 1)
    give_up("a test takes one argument, not {}", arguments.positional.size());
  return arguments.positional[0];
}

bool has_rest(const Datum& value, const Datum& divisor, int64_t rest, Evaluator& evaluator) {
  return equal(compute("%", value, divisor, evaluator.budget()), rest, evaluator.budget());
}

bool same(const Datum& left, const Datum& right, Budget& budget) {
  if (left.is_undefined() || right.is_undefined()) return false;
  if (left.space() != nullptr || right.space() != nullptr) return left.space() == right.space();
  if (left.list() != nullptr || right.list() != nullptr) return left.list() == right.list();
  if (left.dict() != nullptr || right.dict() != nullptr) return left.dict() == right.dict();
  return type_name(left) == type_name(right) && equal(left, right, budget);
}

// Undefined counts as callable as in Jinja, though calling it is an error.
bool is_callable(const Datum& value) {
  Space* space = value.space();
  return value.callable() != nullptr || value.is_undefined() ||
         (space != nullptr && space->find("__call__") != nullptr);
}

const std::unordered_map<std::string_view, Test>& table() {
  static const std::unordered_map<std::string_view, Test> tests = {
      {"defined", [](Evaluator&, const Datum& v, const Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](Evaluator&, const Datum& v, const Arguments&) { return v.is_undefined(); }},
      {"none", [](Evaluator&, const Datum& v, const Arguments&) { return v.is_none(); }},
      {"boolean", [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr; }},
      {"true",
       [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr && *v.boolean(); }},
      {"false",
       [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr && !*v.boolean(); }},
      {"integer", [](Evaluator&, const Datum& v,
                     const Arguments&) { return v.integer() != nullptr || v.big_integer() != nullptr; }},
      {"float", [](Evaluator&, const Datum& v, const Arguments&) { return v.number() != nullptr; }},
      {"number", [](Evaluator&, const Datum& v, const Arguments&) { return v.is_number(); }},
      {"string", [](Evaluator&, const Datum& v, const Arguments&) { return v.text() != nullptr; }},
      {"mapping", [](Evaluator&, const Datum& v, const Arguments&) { return v.dict() != nullptr; }},
      {"sequence",
       [](Evaluator&, const Datum& v, const Arguments&) {
         return v.text() != nullptr || v.dict() != nullptr || v.is_undefined() ||
                (v.list() != nullptr && v.list()->kind != ListKind::generator);
       }},
      {"iterable",
       [](Evaluator&, const Datum& v, const Arguments&) {
         return v.text() != nullptr || v.list() != nullptr || v.dict() != nullptr || v.is_undefined();
       }},
      {"callable", [](Evaluator&, const Datum& v, const Arguments&) { return is_callable(v); }},
      {"escaped",
       [](Evaluator&, const Datum& v, const Arguments&) { return v.text() != nullptr && v.text()->safe(); }},
      {"lower", [](Evaluator& e, const Datum& v,
                   const Arguments&) { return is_lower_text(to_text(v, e.budget()).bytes()); }},
      {"upper", [](Evaluator& e, const Datum& v,
                   const Arguments&) { return is_upper_text(to_text(v, e.budget()).bytes()); }},
      {"odd", [](Evaluator& e, const Datum& v, const Arguments&) { return has_rest(v, int64_t{2}, 1, e); }},
      {"even", [](Evaluator& e, const Datum& v, const Arguments&) { return has_rest(v, int64_t{2}, 0, e); }},
      {"divisibleby",
       [](Evaluator& e, const Datum& v, const Arguments& a) { return has_rest(v, operand(a), 0, e); }},
      {"eq",
       [](Evaluator& e, const Datum& v, const Arguments& a) { return equal(v, operand(a), e.budget()); }},
      {"ne",
       [](Evaluator& e, const Datum& v, const Arguments& a) { return !equal(v, operand(a), e.budget()); }},
      {"lt", [](Evaluator& e, const Datum& v,
                const Arguments& a) { return compare(v, operand(a), e.budget()) < 0; }},
      {"le", [](Evaluator& e, const Datum& v,
                const Arguments& a) { return compare(v, operand(a), e.budget()) <= 0; }},
      {"gt", [](Evaluator& e, const Datum& v,
                const Arguments& a) { return compare(v, operand(a), e.budget()) > 0; }},
      {"ge", [](Evaluator& e, const Datum& v,
                const Arguments& a) { return compare(v, operand(a), e.budget()) >= 0; }},
      {"in",
       [](Evaluator& e, const Datum& v, const Arguments& a) { return contains(operand(a), v, e.budget()); }},
      {"sameas",
       [](Evaluator& e, const Datum& v, const Arguments& a) { return same(v, operand(a), e.budget()); }},
      {"filter",
       [](Evaluator&, const Datum& v, const Arguments&) {
         return v.text() != nullptr && find_filter(v.text()->bytes()) != nullptr;
       }},
      {"test",
       [](Evaluator&, const Datum& v, const Arguments&) {
         return v.text() != nullptr && find_test(v.text()->bytes()) != nullptr;
       }},
  };
  return tests;
}

}  // namespace

Test find_test(std::string_view name) {
  static const std::unordered_map<std::string_view, std::string_view> other_names = {
      {"equalto", "eq"}, {"==", "eq"},          {"!=", "ne"}, {"lessthan", "lt"}, {"<", "lt"},
      {"<=", "le"},      {"greaterthan", "gt"}, {">", "gt"},  {">=", "ge"}};
  const auto other = other_names.find(name);
  const auto found = table().find(other == other_names.end() ? name : other->second);
  return found == table().end() ? nullptr : found->second;
}

}  // namespace shoal::jinja
