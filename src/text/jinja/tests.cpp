#include <unordered_map>

#include "text/jinja/evaluator.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace shoal::jinja {
namespace {

const Datum& operand(const Arguments& arguments) {
  if (arguments.positional.size() != 1)
    give_up("a test takes one argument, not {}", arguments.positional.size());
  return arguments.positional[0];
}

int64_t whole(const Datum& value) {
  const std::optional<int64_t> integer = value.as_integer();
  if (!integer) give_up("an integer is needed, not {}", type_name(value));
  return *integer;
}

bool is_cased(const Datum& value, bool upper) {
  if (value.text() == nullptr) return false;
  bool any = false;
  for (int64_t at = 0; at < value.text()->size();) {
    const CodePoint c = decode_utf8(value.text()->bytes(), at);
    if (upper ? is_lower(c.value) : is_upper(c.value)) return false;
    any = any || (upper ? is_upper(c.value) : is_lower(c.value));
    at += c.length;
  }
  return any;
}

bool same(const Datum& left, const Datum& right, Budget& budget) {
  if (left.space() != nullptr || right.space() != nullptr) return left.space() == right.space();
  if (left.list() != nullptr || right.list() != nullptr) return left.list() == right.list();
  if (left.dict() != nullptr || right.dict() != nullptr) return left.dict() == right.dict();
  return type_name(left) == type_name(right) && equal(left, right, budget);
}

const std::unordered_map<std::string_view, Test>& table() {
  static const std::unordered_map<std::string_view, Test> kTests = {
      {"defined", [](Evaluator&, const Datum& v, const Arguments&) { return !v.is_undefined(); }},
      {"undefined", [](Evaluator&, const Datum& v, const Arguments&) { return v.is_undefined(); }},
      {"none", [](Evaluator&, const Datum& v, const Arguments&) { return v.is_none(); }},
      {"boolean", [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr; }},
      {"true",
       [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr && *v.boolean(); }},
      {"false",
       [](Evaluator&, const Datum& v, const Arguments&) { return v.boolean() != nullptr && !*v.boolean(); }},
      {"integer", [](Evaluator&, const Datum& v, const Arguments&) { return v.integer() != nullptr; }},
      {"float", [](Evaluator&, const Datum& v, const Arguments&) { return v.number() != nullptr; }},
      {"number", [](Evaluator&, const Datum& v, const Arguments&) { return v.as_number().has_value(); }},
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
      {"callable", [](Evaluator&, const Datum& v, const Arguments&) { return v.callable() != nullptr; }},
      {"escaped", [](Evaluator&, const Datum&, const Arguments&) { return false; }},
      {"lower", [](Evaluator&, const Datum& v, const Arguments&) { return is_cased(v, /*upper=*/false); }},
      {"upper", [](Evaluator&, const Datum& v, const Arguments&) { return is_cased(v, /*upper=*/true); }},
      {"odd", [](Evaluator&, const Datum& v, const Arguments&) { return whole(v) % 2 != 0; }},
      {"even", [](Evaluator&, const Datum& v, const Arguments&) { return whole(v) % 2 == 0; }},
      {"divisibleby",
       [](Evaluator&, const Datum& v, const Arguments& a) {
         const int64_t divisor = whole(operand(a));
         if (divisor == 0) give_up("division by zero");
         return divisor == -1 || whole(v) % divisor == 0;
       }},
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
  return kTests;
}

}  // namespace

Test find_test(std::string_view name) {
  static const std::unordered_map<std::string_view, std::string_view> kOtherNames = {
      {"equalto", "eq"}, {"==", "eq"},          {"!=", "ne"}, {"lessthan", "lt"}, {"<", "lt"},
      {"<=", "le"},      {"greaterthan", "gt"}, {">", "gt"},  {">=", "ge"}};
  const auto other = kOtherNames.find(name);
  const auto found = table().find(other == kOtherNames.end() ? name : other->second);
  return found == table().end() ? nullptr : found->second;
}

}  // namespace shoal::jinja
