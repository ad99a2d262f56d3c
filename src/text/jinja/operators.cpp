#include <algorithm>
#include <cmath>

#include "text/jinja/evaluator.h"
#include "text/jinja/text_tools.h"

namespace shoal::jinja {
namespace {

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Of the divisor's sign.
double remainder(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double floor_divide(double a, double b) {
  const double quotient = (a - remainder(a, b)) / b;
  return quotient == 0 ? std::copysign(0.0, a / b) : std::nearbyint(quotient);
}

[[noreturn]] void overflow() { give_up("an integer is too large"); }

int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return result;
}

Datum compute_integers(std::string_view operation, int64_t a, int64_t b) {
  int64_t result = 0;
  if (operation == "+") {
    if (__builtin_add_overflow(a, b, &result)) overflow();
    return result;
  }
  if (operation == "-") {
    if (__builtin_sub_overflow(a, b, &result)) overflow();
    return result;
  }
  if (operation == "*") {
    if (__builtin_mul_overflow(a, b, &result)) overflow();
    return result;
  }
  if (operation == "**") {
    if (b < 0) return std::pow(static_cast<double>(a), static_cast<double>(b));
    return power(a, b);
  }
  if (b == 0) give_up("division by zero");
  if (operation == "/") return static_cast<double>(a) / static_cast<double>(b);
  if (b == -1) {  // the one quotient that does not fit
    if (operation == "%") return int64_t{0};
    if (__builtin_sub_overflow(int64_t{0}, a, &result)) overflow();
    return result;
  }
  if (operation == "//") return floor_divide(a, b);
  return a - b * floor_divide(a, b);
}

Datum compute_numbers(std::string_view operation, double a, double b) {
  if (operation == "+") return a + b;
  if (operation == "-") return a - b;
  if (operation == "*") return a * b;
  if (operation == "**") return std::pow(a, b);
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
  const std::optional<int64_t> a = left.as_integer();
  const std::optional<int64_t> b = right.as_integer();
  if (a && b) return compute_integers(operation, *a, *b);
  const std::optional<double> x = left.as_number();
  const std::optional<double> y = right.as_number();
  if (x && y) return compute_numbers(operation, *x, *y);
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
