#include "grammar/json_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "grammar/fixed_dfa.h"
#include "json/decimal.h"

namespace shoal {
namespace {

constexpr int64_t whole_digit_limit = 19;  // limits may need more
constexpr int64_t maximum_whole_digits = 100;
constexpr int64_t fraction_digit_limit = 20;

Expression digit_range(char first, char last) {
  if (first > last) return never();
  return any_of({{static_cast<char32_t>(first), static_cast<char32_t>(last)}});
}
Expression digits(int64_t least, int64_t most) { return repeated(digit_range('0', '9'), least, most); }

Expression joined(Expression a, Expression b) {
  std::vector<Expression> parts;
  parts.push_back(std::move(a));
  parts.push_back(std::move(b));
  return sequence_of(std::move(parts));
}

enum class Side : uint8_t { above, below };

// Numbers with as many digits as `bound`, on the given side of it and never equal to it.
Expression same_length(std::string_view bound, Side side) {
  std::vector<Expression> choices;
  for (size_t i = 0; i < bound.size(); ++i) {
    const char low =
        side == Side::above ? static_cast<char>(bound[i] + 1) : (i == 0 && bound.size() > 1 ? '1' : '0');
    const char high = side == Side::above ? '9' : static_cast<char>(bound[i] - 1);
    if (low > high) continue;
    const auto rest = std::ssize(bound) - static_cast<int64_t>(i) - 1;
    choices.push_back(
        joined(literal_text(bound.substr(0, i)), joined(digit_range(low, high), digits(rest, rest))));
  }
  return choice_of(std::move(choices));
}

// Whole parts on the given side of `bound`.
Expression whole_part(std::string_view bound, Side side, int64_t whole_digits) {
  std::vector<Expression> choices;
  choices.push_back(same_length(bound, side));
  const auto size = std::ssize(bound);
  if (side == Side::above && size < whole_digits) {
    choices.push_back(joined(digit_range('1', '9'), digits(size, whole_digits - 1)));
  }
  if (side == Side::below && size > 1) {
    choices.push_back(digit_range('0', '0'));
    choices.push_back(joined(digit_range('1', '9'), digits(0, size - 2)));
  }
  return choice_of(std::move(choices));
}

// The digits after the point of numbers on the given side of 0.`bound`. No digits count as 0.
Expression fraction_digits(std::string_view bound, Side side, bool may_be_equal) {
  std::vector<Expression> choices;
  for (size_t i = 0; i < bound.size(); ++i) {
    const char low = side == Side::above ? static_cast<char>(bound[i] + 1) : '0';
    const char high = side == Side::above ? '9' : static_cast<char>(bound[i] - 1);
    const Expression before = literal_text(bound.substr(0, i));
    if (low <= high)
      choices.push_back(joined(before, joined(digit_range(low, high), digits(0, fraction_digit_limit))));
    if (side == Side::below && i > 0) choices.push_back(before);  // fewer digits make a smaller number
  }
  const Expression zeros = repeated(digit_range('0', '0'), 0, fraction_digit_limit);
  if (may_be_equal) choices.push_back(joined(literal_text(bound), zeros));
  if (side == Side::above) {
    choices.push_back(joined(literal_text(bound),
                             joined(zeros, joined(digit_range('1', '9'), digits(0, fraction_digit_limit)))));
  }
  return choice_of(std::move(choices));
}

Expression with_point(Expression fraction) { return joined(literal_text("."), std::move(fraction)); }
Expression optional(Expression part) { return repeated(std::move(part), 0, 1); }

// Numbers without a sign on the given side of the bound.
Expression magnitude(const Decimal& bound, Side side, bool may_be_equal, int64_t whole_digits) {
  const std::string whole = bound.whole();
  const std::string fraction = bound.fraction();
  std::vector<Expression> choices;
  choices.push_back(
      joined(whole_part(whole, side, whole_digits), optional(with_point(digits(1, fraction_digit_limit)))));
  choices.push_back(joined(literal_text(whole), with_point(fraction_digits(fraction, side, may_be_equal))));
  const bool whole_alone =
      side == Side::above ? may_be_equal && fraction.empty() : may_be_equal || !fraction.empty();
  if (whole_alone) choices.push_back(literal_text(whole));
  return choice_of(std::move(choices));
}

Expression negative(Expression positive) { return joined(literal_text("-"), std::move(positive)); }

Expression any_magnitude(int64_t whole_digits) {
  std::vector<Expression> whole;
  whole.push_back(digit_range('0', '0'));
  whole.push_back(joined(digit_range('1', '9'), digits(0, whole_digits - 1)));
  return joined(choice_of(std::move(whole)), optional(with_point(digits(1, fraction_digit_limit))));
}

// Numbers on the given side of the limit.
Expression limited(const NumberLimit& limit, Side side, int64_t whole_digits) {
  const Decimal bound = to_decimal(limit.value);
  if (bound.place > whole_digits) {  // beyond all numbers that can be written
    if (bound.is_negative != (side == Side::above)) return never();
    return joined(optional(literal_text("-")), any_magnitude(whole_digits));
  }
  const bool is_away_from_zero = bound.is_negative == (side == Side::below);
  const bool may_be_equal = !limit.is_exclusive;
  std::vector<Expression> choices;
  Expression own_sign = magnitude(bound, is_away_from_zero || bound.is_zero() ? Side::above : Side::below,
                                  may_be_equal, whole_digits);
  if (bound.is_zero()) {
    choices.push_back(side == Side::above ? std::move(own_sign) : negative(std::move(own_sign)));
    if (may_be_equal)
      choices.push_back(joined(
          literal_text("0"), optional(with_point(repeated(digit_range('0', '0'), 1, fraction_digit_limit)))));
    return choice_of(std::move(choices));
  }
  choices.push_back(bound.is_negative ? negative(std::move(own_sign)) : std::move(own_sign));
  // All numbers of the other sign, if they lie on this side.
  if (!is_away_from_zero)
    choices.push_back(bound.is_negative ? any_magnitude(whole_digits)
                                        : negative(any_magnitude(whole_digits)));
  return choice_of(std::move(choices));
}

// Multiples of `n`; the remainders are states.
Dfa multiples_of(int64_t n) {
  // State 0 is the start, 1 follows the sign, 2 a leading zero, and 3 + r digits with remainder r.
  std::vector<Dfa::Row> rows(static_cast<size_t>(n) + 3);
  std::vector<bool> accepting(rows.size(), false);
  for (Dfa::Row& row : rows) row.fill(Dfa::dead_state);
  rows[0]['-'] = 1;
  for (const size_t before : {0u, 1u}) {
    rows[before]['0'] = 2;
    for (int64_t digit = 1; digit <= 9; ++digit) {
      rows[before][static_cast<size_t>('0' + digit)] = static_cast<int32_t>(3 + digit % n);
    }
  }
  for (int64_t remainder = 0; remainder < n; ++remainder) {
    for (int64_t digit = 0; digit <= 9; ++digit) {
      rows[static_cast<size_t>(3 + remainder)][static_cast<size_t>('0' + digit)] =
          static_cast<int32_t>(3 + (remainder * 10 + digit) % n);
    }
  }
  accepting[2] = accepting[3] = true;
  return Dfa::from_rows(rows, accepting);
}

std::optional<int64_t> find_places(double number) {
  for (int64_t places = 1; places <= 15; ++places) {
    if (number == std::pow(10.0, static_cast<double>(-places)) ||
        number == 1 / std::pow(10.0, static_cast<double>(places)))
      return places;
  }
  return std::nullopt;
}

Result<Dfa> multiples(const Value& of) {
  const double number = of.integer() != nullptr ? static_cast<double>(*of.integer()) : *of.number();
  constexpr double maximum = 1000;
  if (number >= 1 && number <= maximum && std::floor(number) == number)
    return multiples_of(static_cast<int64_t>(number));
  if (const auto places = find_places(number))
    return fixed_dfa(fmt::format("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]{{1,{}}})?", *places));
  // For a half, a quarter, a fifth and a twentieth, the digits after the point are one of a few.
  for (const auto& [part, ends] : {std::pair(0.5, "0|5"), std::pair(0.25, "0|00|25|5|50|75"),
                                   std::pair(0.2, "0|2|4|6|8"), std::pair(0.05, "[0-9](?:0|5)?")}) {
    if (number == part) return fixed_dfa(fmt::format("-?(?:0|[1-9][0-9]*)(?:\\.(?:{})0*)?", ends));
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is not supported, only whole numbers from 1 to 1000, 0.5, 0.25, 0.2, 0.05 and "
                          "0.1, 0.01, …",
                          format_json(of)));
}

std::string pattern_of(const NumberLimits& limits, int64_t whole_digits) {
  const std::string whole = fmt::format("-?(?:0|[1-9][0-9]{{0,{}}})", whole_digits - 1);
  switch (limits.kind) {
    case NumberKind::integer: return whole;
    case NumberKind::fraction: return whole + "\\.0{0,10}[1-9][0-9]{0,9}";
    case NumberKind::any: break;
  }
  return whole +
         (limits.is_limited() ? "(?:\\.[0-9]{1,20})?" : "(?:\\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?");
}

// How many digits before the point limits beyond 64 bits need.
int64_t whole_digits_for(const NumberLimits& limits) {
  int64_t count = whole_digit_limit;
  for (const std::vector<NumberLimit>* side : {&limits.least, &limits.most}) {
    for (const NumberLimit& limit : *side) {
      const Decimal bound = to_decimal(limit.value);
      const bool is_big = bound.place >= whole_digit_limit && limit.value.integer() == nullptr;
      if (is_big && bound.place < maximum_whole_digits) count = std::max(count, bound.place + 1);
    }
  }
  return count;
}

}  // namespace

Result<void> check_limit(const Value& limit) {
  if (std::ssize(to_decimal(limit).fraction()) <= fraction_digit_limit) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is too fine for numbers with {} digits behind the point", format_json(limit),
                          fraction_digit_limit));
}

Result<void> check_multiple(const Value& of) {
  const Result<Dfa> dfa = multiples(of);
  return dfa ? Result<void>() : fail(dfa.error());
}

bool is_within(const NumberLimits& limits, const Value& number) {
  const Decimal decimal = to_decimal(number);
  const auto keeps = [&](const NumberLimit& limit, std::strong_ordering beyond) {
    const std::strong_ordering order = decimal <=> to_decimal(limit.value);
    return order != beyond && !(limit.is_exclusive && order == std::strong_ordering::equal);
  };
  return std::ranges::all_of(
             limits.least,
             [&](const NumberLimit& limit) { return keeps(limit, std::strong_ordering::less); }) &&
         std::ranges::all_of(
             limits.most,
             [&](const NumberLimit& limit) { return keeps(limit, std::strong_ordering::greater); }) &&
         std::ranges::all_of(limits.multiples,
                             [&](const Value& of) { return multiples(of)->matches(plain_digits(decimal)); });
}

Result<Dfa> number_dfa(const NumberLimits& limits, GrammarBudget& budget) {
  const int64_t whole_digits = whole_digits_for(limits);
  Result<Dfa> dfa = fixed_dfa(pattern_of(limits, whole_digits));
  const auto narrow = [&](const Result<Dfa>& other) {
    if (!dfa) return;
    dfa = other ? intersection(*dfa, *other, budget) : Result<Dfa>(fail(other.error()));
  };
  const auto limit = [&](const NumberLimit& bound, Side side) {
    narrow(make_dfa(limited(bound, side, whole_digits), budget));
  };
  for (const NumberLimit& bound : limits.least) limit(bound, Side::above);
  for (const NumberLimit& bound : limits.most) limit(bound, Side::below);
  for (const Value& of : limits.multiples) narrow(multiples(of));
  return dfa;
}

}  // namespace shoal
