#include <algorithm>
#include <cmath>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/integers.h"
#include "templates/jinja/text_tools.h"

namespace shoal::jinja {
namespace {

// The remainder with the divisor's sign, as in Python.
double remainder(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_divide(double a, double b) {
  const double quotient = (a - remainder(a, b)) / b;
  return quotient == 0 ? std::copysign(0.0, a / b) : std::nearbyint(quotient);
}

double power(double base, double exponent) {
  if (base == 0 && exponent < 0) give_up("0 to a power below 0 is a division by zero");
  const double result = std::pow(base, exponent);
  const bool are_finite = std::isfinite(base) && std::isfinite(exponent);
  if (are_finite && std::isnan(result))
    give_up("a fraction of a number below 0 as its power has no real value");
  if (are_finite && std::isinf(result)) give_up("a power is too large");
  return result;
}

[[noreturn]] void overflow() { give_up("an integer is too large"); }

Datum compute_numbers(std::string_view operation, double a, double b) {
  if (operation == "+") return a + b;
  if (operation == "-") return a - b;
  if (operation == "*") return a * b;
  if (operation == "**") return power(a, b);
  if (b == 0) give_up("division by zero");
  if (operation == "/") return a / b;
  return operation == "//" ? floor_divide(a, b) : remainder(a, b);
}

Datum repeat(const Datum& value, int64_t count, Budget& budget) {
  count = std::max<int64_t>(count, 0);
  if (const MarkedText* text = value.text()) {
    int64_t bytes = 0;
    if (__builtin_mul_overflow(text->size(), count, &bytes)) overflow();
    budget.pay_bytes(bytes);
    MarkedText repeated;
    repeated.set_safe(text->safe());
    for (int64_t i = 0; i < count && bytes > 0; ++i) repeated.append(*text);
    return repeated;
  }
  const std::vector<Datum>& items = value.list()->items;
  int64_t length = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(items.size()), count, &length)) overflow();
  budget.pay_steps(length);
  std::vector<Datum> repeated;
  for (int64_t i = 0; i < count && length > 0; ++i)
    repeated.insert(repeated.end(), items.begin(), items.end());
  return Datum::list(std::move(repeated), value.list()->kind);
}

Datum join(const Datum& left, const Datum& right, Budget& budget) {
  const List* list = left.list();
  const bool lists = list != nullptr && right.list() != nullptr && list->kind == right.list()->kind;
  if (lists && list->kind != ListKind::generator) {
    std::vector<Datum> items = left.list()->items;
    budget.pay_steps(static_cast<int64_t>(items.size() + right.list()->items.size()) / 8 + 1);
    items.insert(items.end(), right.list()->items.begin(), right.list()->items.end());
    return Datum::list(std::move(items), left.list()->kind);
  }
  if (left.text() == nullptr || right.text() == nullptr) {
    give_up("{} + {} has no meaning", type_name(left), type_name(right));
  }
  MarkedText joined = *left.text();
  MarkedText end = *right.text();
  if (joined.safe() || end.safe()) {
    joined = escaped(joined, budget);
    end = escaped(end, budget);
  }
  budget.pay_bytes(joined.size() + end.size());
  joined.append(end);
  return joined;
}

}  // namespace

Datum compute(std::string_view operation, const Datum& left, const Datum& right, Budget& budget) {
  if (left.text() != nullptr && operation == "%") return format_percent(*left.text(), right, budget);
  for (const Datum* side : {&left, &right}) {
    if (side->is_undefined()) give_up("'{}' is undefined", side->undefined_name());
  }
  if (left.is_integer() && right.is_integer()) return compute_integers(operation, left, right, budget);
  if (left.is_number() && right.is_number())
    return compute_numbers(operation, *left.as_number(), *right.as_number());
  const std::optional<int64_t> a = clamped_integer(left);
  const std::optional<int64_t> b = clamped_integer(right);
  if (operation == "*" && b && (left.text() != nullptr || left.list() != nullptr))
    return repeat(left, *b, budget);
  if (operation == "*" && a && (right.text() != nullptr || right.list() != nullptr))
    return repeat(right, *a, budget);
  if (operation == "+") return join(left, right, budget);
  give_up("{} {} {} has no meaning", type_name(left), operation, type_name(right));
}

bool contains(const Datum& container, const Datum& value, Budget& budget) {
  if (const MarkedText* text = container.text()) {
    if (value.is_undefined()) give_up("'{}' is undefined", value.undefined_name());
    if (value.text() == nullptr) give_up("only a text can be in a text, not a {}", type_name(value));
    budget.pay_steps(text->size() / 64 + 1);
    return text->bytes().find(value.text()->bytes()) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) {
    check_key(value);
    return dict->find(value, budget) != nullptr;
  }
  if (container.is_undefined()) return false;
  if (const List* list = container.list()) {
    return std::ranges::any_of(list->items, [&](const Datum& item) { return equal(item, value, budget); });
  }
  give_up("nothing is in a {}", type_name(container));
}

}  // namespace shoal::jinja
