#include "grammar/array_rules.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace shoal {
namespace {

// One rule for each place of an item and for each count of items that `contains` has matched so far.
class ArrayRules {
 public:
  ArrayRules(const ArrayShape& shape, const ArrayBrackets& brackets, SchemaRules& values,
             GrammarBuilder& builder)
      : shape_(shape), brackets_(brackets), values_(values), builder_(builder) {}

  Expression make() {
    // All places after the last one are alike.
    const int64_t last =
        shape_.most != Expression::unlimited ? shape_.most : std::max(shape_.least, std::ssize(shape_.first));
    for (int64_t place = 0; place <= last; ++place) {
      auto& row = rules_.emplace_back();
      for (int64_t count = 0; count <= shape_.least_contained; ++count)
        row.push_back(builder_.add_rule("of an array"));
    }
    for (int64_t place = 0; place <= last; ++place) {
      for (int64_t count = 0; count <= shape_.least_contained; ++count) {
        builder_.define(rules_[static_cast<size_t>(place)][static_cast<size_t>(count)], rest(place, count));
      }
    }
    std::vector<Expression> parts;
    parts.push_back(brackets_.open);
    parts.push_back(use_rule(rules_[0][0]));
    return sequence_of(std::move(parts));
  }

 private:
  // What may follow `place` items. No comma comes before the first item, so the first place's rule cannot
  // serve again after it.
  Expression rest(int64_t place, int64_t count) {
    std::vector<Expression> choices;
    if (place >= shape_.least && count >= shape_.least_contained) choices.push_back(brackets_.close);
    const int64_t last = std::ssize(rules_) - 1;
    const bool is_full = shape_.most != Expression::unlimited && place >= shape_.most;
    if (is_full) return choice_of(std::move(choices));
    // If the first place is also the last, items after it need a rule of their own, which has the comma.
    int64_t next = std::min(place + 1, last);
    const Conjunction& own =
        place < std::ssize(shape_.first) ? shape_.first[static_cast<size_t>(place)] : shape_.rest;
    const auto add_item = [&](const Conjunction& item, int64_t counted) {
      std::vector<Expression> parts;
      if (place > 0) parts.push_back(brackets_.comma);
      parts.push_back(use_rule(values_.rule_of(item)));
      if (place == 0 && last == 0) {
        parts.push_back(use_rule(loop_rule(counted)));
      } else {
        parts.push_back(use_rule(rules_[static_cast<size_t>(next)][static_cast<size_t>(counted)]));
      }
      choices.push_back(sequence_of(std::move(parts)));
    };
    add_item(own, count);
    if (count < shape_.least_contained) {
      Conjunction wanted = own;
      add_schema(shape_.contained, wanted);
      add_item(wanted, count + 1);
    }
    return choice_of(std::move(choices));
  }

  // Any number of further items, each after a comma, for an array without limits.
  int32_t loop_rule(int64_t count) {
    std::vector<int32_t> rules;
    for (int64_t i = count; i <= shape_.least_contained; ++i)
      rules.push_back(builder_.add_rule("of an array"));
    for (int64_t i = count; i <= shape_.least_contained; ++i) {
      std::vector<Expression> choices;
      if (i == shape_.least_contained) choices.push_back(brackets_.close);
      const auto add_item = [&](const Conjunction& item, int64_t next) {
        std::vector<Expression> parts;
        parts.push_back(brackets_.comma);
        parts.push_back(use_rule(values_.rule_of(item)));
        parts.push_back(use_rule(rules[static_cast<size_t>(next - count)]));
        choices.push_back(sequence_of(std::move(parts)));
      };
      add_item(shape_.rest, i);
      if (i < shape_.least_contained) {
        Conjunction wanted = shape_.rest;
        add_schema(shape_.contained, wanted);
        add_item(wanted, i + 1);
      }
      builder_.define(rules[static_cast<size_t>(i - count)], choice_of(std::move(choices)));
    }
    return rules.front();
  }

  const ArrayShape& shape_;
  const ArrayBrackets& brackets_;
  SchemaRules& values_;
  GrammarBuilder& builder_;
  std::vector<std::vector<int32_t>> rules_;  // [place, contained]
};

}  // namespace

Expression make_array_rules(const ArrayShape& shape, const ArrayBrackets& brackets, SchemaRules& values,
                            GrammarBuilder& builder) {
  return ArrayRules(shape, brackets, values, builder).make();
}

}  // namespace shoal
