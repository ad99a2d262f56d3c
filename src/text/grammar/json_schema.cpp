#include "text/grammar/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "text/grammar/bounded_text.h"
#include "text/grammar/fixed_dfa.h"
#include "text/grammar/json_numbers.h"
#include "text/grammar/json_strings.h"
#include "text/grammar/schema_logic.h"
#include "text/grammar/schema_objects.h"

namespace shoal {
namespace {

using Schemas = std::vector<const Value*>;  // of one alternative

// White space is limited, since a model may well go on with it for ever.
constexpr std::string_view kSpace = "(?: ?|\\n[ \\t]{0,40})";

constexpr std::string_view kHasOuterLine = "\\n[^]*|[^]*\\n";

// A bare text that its reader may take for a value of another type.
constexpr std::string_view kLooksLikeJson =
    "[ \\t\\r\\n]*(?:[-0-9\\[{][^]*|(?:true|false|null|True|False|None)[ \\t\\r\\n]*)";

enum TypeBit : uint8_t {
  kNullBit = 1,
  kBooleanBit = 2,
  kIntegerBit = 4,
  kFractionBit = 8,
  kStringBit = 16,
  kArrayBit = 32,
  kObjectBit = 64,
  kAllBits = 127,
};

std::optional<uint8_t> type_bits(std::string_view name) {
  constexpr std::pair<std::string_view, int> kNames[] = {
      {"null", kNullBit},        {"boolean", kBooleanBit},
      {"integer", kIntegerBit},  {"number", kIntegerBit | kFractionBit},
      {kFraction, kFractionBit}, {"string", kStringBit},
      {"array", kArrayBit},      {"object", kObjectBit}};
  for (const auto& [known, bits] : kNames) {
    if (name == known) return static_cast<uint8_t>(bits);
  }
  return std::nullopt;
}

uint8_t type_of(const Value& value) {
  if (value.is_null()) return kNullBit;
  if (value.boolean() != nullptr) return kBooleanBit;
  if (value.integer() != nullptr) return kIntegerBit;
  if (const double* number = value.number())
    return std::floor(*number) == *number ? kIntegerBit : kFractionBit;
  if (value.text() != nullptr) return kStringBit;
  return value.array() != nullptr ? kArrayBit : kObjectBit;
}

double number_of(const Value& value) {
  return value.integer() != nullptr ? static_cast<double>(*value.integer()) : *value.number();
}
bool is_number(const Value& value) { return value.integer() != nullptr || value.number() != nullptr; }

// 1 and 1.0 are equal, at any depth.
bool are_equal(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return number_of(a) == number_of(b);
  if (a.array() != nullptr && b.array() != nullptr) {
    return std::ranges::equal(*a.array(), *b.array(), are_equal);
  }
  if (a.object() != nullptr && b.object() != nullptr) {
    return a.object()->size() == b.object()->size() &&
           std::ranges::all_of(*a.object(), [&](const Value::Member& member) {
             const Value* other = b.find(member.first);
             return other != nullptr && are_equal(member.second, *other);
           });
  }
  return a == b;
}
bool contains(const Value::Array& list, const Value& value) {
  return std::ranges::any_of(list, [&](const Value& item) { return are_equal(item, value); });
}

// Whole numbers without a fraction.
Value written_shortest(const Value& value) {
  constexpr double kExact = 9e15;
  if (const double* number = value.number();
      number != nullptr && std::floor(*number) == *number && std::abs(*number) < kExact) {
    return static_cast<int64_t>(*number);
  }
  if (const Value::Array* items = value.array()) {
    Value::Array result;
    for (const Value& item : *items) result.push_back(written_shortest(item));
    return result;
  }
  if (const Value::Object* members = value.object()) {
    Value::Object result;
    for (const auto& [name, member] : *members) result.emplace_back(name, written_shortest(member));
    return result;
  }
  return value;
}

class SchemaCompiler final : PatternMatcher {
 public:
  // Without a notation: JSON.
  SchemaCompiler(const Value& root, OneOf one_of, const ArgumentNotation* notation)
      : root_(root), notation_(notation), logic_(root, one_of, builder_.budget()) {}

  Result<Grammar> compile() {
    const Result<int32_t> root = notation_ == nullptr ? rule_of({&root_}) : arguments();
    if (!root) return fail(root.error());
    while (!pending_.empty()) {
      const auto [rule, conjunction] = std::move(pending_.back());
      pending_.pop_back();
      Result<Expression> body = body_of(conjunction);
      if (!body) return fail(body.error());
      builder_.define(rule, *std::move(body));
    }
    return builder_.build(*root);
  }

 private:
  // Made when the others are; the same schemas together are one rule, which is how recursion ends.
  int32_t rule_of(Conjunction conjunction) {
    std::erase_if(conjunction, [](const Value* schema) {
      return (schema->boolean() != nullptr && *schema->boolean()) ||
             (schema->object() != nullptr && schema->object()->empty());
    });
    const auto found = rules_.find(conjunction);
    if (found != rules_.end()) return found->second;
    const int32_t rule = builder_.add_rule("of the schema");
    rules_.emplace(conjunction, rule);
    pending_.emplace_back(rule, std::move(conjunction));
    return rule;
  }

  Result<Expression> body_of(const Conjunction& conjunction) {
    const Result<std::vector<Schemas>> alternatives = logic_.alternatives(conjunction);
    if (!alternatives) return fail(alternatives.error());
    std::vector<Expression> choices;
    for (const Schemas& schemas : *alternatives) {
      if (Result<void> added = add_alternative(schemas, choices); !added) return fail(added.error());
    }
    return choice_of(std::move(choices));
  }

  Result<void> add_alternative(const Schemas& schemas, std::vector<Expression>& choices) {
    if (Result<void> paid = builder_.budget().take(100, "the schema"); !paid) return paid;
    const Result<uint8_t> types = types_of(schemas);
    if (!types) return fail(types.error());
    const bool is_listed = std::ranges::any_of(schemas, [](const Value* schema) {
      return schema->find("enum") != nullptr || schema->find("const") != nullptr;
    });
    if (is_listed) return add_listed(schemas, *types, choices);
    if ((*types & kNullBit) != 0 && !is_excluded(schemas, Value())) choices.push_back(literal(Value()));
    for (const bool truth : {true, false}) {
      if ((*types & kBooleanBit) != 0 && !is_excluded(schemas, truth)) choices.push_back(literal(truth));
    }
    using Maker = Result<Expression> (SchemaCompiler::*)(const Schemas&, uint8_t);
    constexpr std::pair<int, Maker> kMakers[] = {{kIntegerBit | kFractionBit, &SchemaCompiler::number},
                                                 {kStringBit, &SchemaCompiler::text},
                                                 {kArrayBit, &SchemaCompiler::array},
                                                 {kObjectBit, &SchemaCompiler::object}};
    for (const auto& [bits, make] : kMakers) {
      if ((*types & bits) == 0) continue;
      Result<Expression> made = (this->*make)(schemas, *types);
      if (!made) return fail(made.error());
      if (made->kind != ExpressionKind::never) choices.push_back(*std::move(made));
    }
    return {};
  }

  Result<uint8_t> types_of(const Schemas& schemas) const {
    uint8_t all = kAllBits;
    for (const Value* schema : schemas) {
      const Value* type = schema->find("type");
      if (type == nullptr) continue;
      const Value::Array one{*type};
      uint8_t own = 0;
      for (const Value& name : type->array() != nullptr ? *type->array() : one) {
        const auto bits = name.text() == nullptr ? std::nullopt : type_bits(*name.text());
        if (!bits)
          return logic_.reject(*schema, "type",
                               fmt::format("{} is no type", format_json(name).substr(0, 100)));
        own |= *bits;
      }
      all &= own;
    }
    return all;
  }

  static bool is_excluded(const Schemas& schemas, const Value& value) {
    return std::ranges::any_of(schemas, [&](const Value* schema) {
      const Value* list = schema->find(kNotEnum);
      return list != nullptr && list->array() != nullptr && contains(*list->array(), value);
    });
  }

  // Literals.

  Expression terminal(Dfa dfa) {
    if (dfa.is_empty()) return never();
    return use_terminal(builder_.add_terminal({.dfa = std::move(dfa)}));
  }

  bool is_python() const { return notation_ != nullptr && notation_->values == ValueNotation::python; }

  Expression literal(const Value& value) const {
    if (!is_python()) return literal_text(format_json(value));
    if (value.text() != nullptr) return quoted(*value.text());
    if (value.is_null()) return literal_text("None");
    if (const bool* truth = value.boolean()) return literal_text(*truth ? "True" : "False");
    if (value.array() == nullptr && value.object() == nullptr) return literal_text(format_json(value));
    std::vector<Expression> parts;
    const auto add = [&](Expression part) {
      if (!parts.empty()) parts.push_back(literal_text(", "));
      parts.push_back(std::move(part));
    };
    if (const Value::Array* items = value.array()) {
      for (const Value& item : *items) add(literal(item));
    } else {
      for (const auto& [name, member] : *value.object()) {
        add(sequence_of({quoted(name), literal_text(": "), literal(member)}));
      }
    }
    parts.insert(parts.begin(), literal_text(value.array() != nullptr ? "[" : "{"));
    parts.push_back(literal_text(value.array() != nullptr ? "]" : "}"));
    return sequence_of(std::move(parts));
  }

  // A text in quotes, in any that it may have.
  Expression quoted(std::string_view text) const {
    const std::string contents = written_contents(text);
    std::vector<Expression> choices;
    choices.push_back(literal_text(fmt::format("\"{}\"", contents)));
    const bool may_be_single = is_python() && text.find('\'') == std::string_view::npos;
    if (may_be_single) choices.push_back(literal_text(fmt::format("'{}'", contents)));
    return choice_of(std::move(choices));
  }
  Result<Expression> quoted(const Dfa& given) {
    const Result<Dfa> held = without_text_end(given);
    if (!held) return fail(held.error());
    const Dfa& contents = *held;
    Expression json = terminal(quoted_contents(contents, StringQuotes::json));
    if (!is_python() || json.kind == ExpressionKind::never) return json;
    return choice_of({std::move(json), terminal(quoted_contents(contents, StringQuotes::python_single))});
  }

  // What ends a bare value ends it inside quotes too.
  Result<Dfa> without_text_end(const Dfa& strings) {
    if (notation_ == nullptr || notation_->text_end.empty()) return strings;
    const Expression any = repeated(any_character(), 0, Expression::kUnlimited);
    const Result<Dfa> ended =
        make_dfa(sequence_of({any, literal_text(notation_->text_end), any}), builder_.budget());
    if (!ended) return ended;
    return difference(strings, *ended, builder_.budget());
  }
  // A pattern of our own.
  Expression own(const std::string& pattern) {
    return use_terminal(builder_.add_terminal({.dfa = fixed_dfa(pattern)}));
  }

  // enum and const.

  Result<void> add_listed(const Schemas& schemas, uint8_t types, std::vector<Expression>& choices) {
    std::optional<Value::Array> values;
    for (const Value* schema : schemas) {
      for (const char* keyword : {"enum", "const"}) {
        const Value* given = schema->find(keyword);
        if (given == nullptr) continue;
        const bool is_list = std::string_view(keyword) == "enum";
        if (is_list && given->array() == nullptr) return logic_.reject(*schema, keyword, "must be an array");
        const Value::Array own = is_list ? *given->array() : Value::Array{*given};
        if (!values) {
          values = own;
        } else {
          std::erase_if(*values, [&](const Value& value) { return !contains(own, value); });
        }
      }
    }
    for (const Value& value : *values) {
      if ((type_of(value) & types) == 0 || is_excluded(schemas, value)) continue;
      const Result<bool> allowed = allows(schemas, value);
      if (!allowed) return fail(allowed.error());
      if (*allowed) choices.push_back(literal(written_shortest(value)));
    }
    return {};
  }

  // Whether a listed value satisfies the other keywords.
  Result<bool> allows(const Schemas& schemas, const Value& value) {
    if (is_number(value)) {
      const Result<NumberLimits> limits = number_limits(schemas, kAllBits);
      if (!limits) return fail(limits.error());
      if (!limits->is_limited()) return true;
      const Result<Dfa> dfa = number_dfa(*limits, builder_.budget());
      if (!dfa) return fail(dfa.error());
      return dfa->matches(format_json(written_shortest(value)));
    }
    if (value.text() != nullptr) {
      const Result<Dfa> dfa = contents(schemas, TextNotation::quoted);
      if (!dfa) return fail(dfa.error());
      return dfa->matches(written_contents(*value.text()));
    }
    for (const Value* schema : schemas) {
      for (const char* keyword :
           {"items", "prefixItems", "minItems", "maxItems", "contains", "properties", "required",
            "patternProperties", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}) {
        const bool is_about_array =
            std::string_view(keyword).ends_with("tems") || std::string_view(keyword) == "contains";
        const bool is_about = is_about_array ? value.array() != nullptr : value.object() != nullptr;
        if (is_about && schema->find(keyword) != nullptr) {
          return logic_.reject(*schema, keyword, "is not supported beside a list of arrays or objects");
        }
      }
    }
    return true;
  }

  // Numbers.

  Result<NumberLimits> number_limits(const Schemas& schemas, uint8_t types) const {
    NumberLimits limits;
    if ((types & kFractionBit) == 0) limits.kind = NumberKind::integer;
    if ((types & kIntegerBit) == 0) limits.kind = NumberKind::fraction;
    for (const Value* schema : schemas) {
      for (const char* keyword :
           {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"}) {
        const Value* limit = schema->find(keyword);
        if (limit == nullptr) continue;
        const std::string_view name = keyword;
        if (!is_number(*limit)) return logic_.reject(*schema, keyword, "must be a number");
        if (name == "multipleOf") {
          if (number_of(*limit) <= 0) return logic_.reject(*schema, keyword, "must be above 0");
          limits.multiples.push_back(*limit);
        } else {
          auto& side = name.ends_with("inimum") ? limits.least : limits.most;
          side.push_back({.value = *limit, .is_exclusive = name.starts_with("exclusive")});
        }
      }
    }
    return limits;
  }

  Result<Expression> number(const Schemas& schemas, uint8_t types) {
    const Result<NumberLimits> limits = number_limits(schemas, types);
    if (!limits) return fail(limits.error());
    for (const Value* schema : schemas) {
      const Value* excluded = schema->find(kNotEnum);
      if (excluded != nullptr && std::ranges::any_of(*excluded->array(), is_number)) {
        return logic_.reject(*schema, "not", "excluding numbers by enum or const is not supported");
      }
    }
    const auto key = static_cast<int32_t>(limits->kind);
    if (!limits->is_limited()) {
      if (const auto found = numbers_.find(key); found != numbers_.end()) return use_terminal(found->second);
    }
    Result<Dfa> dfa = number_dfa(*limits, builder_.budget());
    if (!dfa) return fail(dfa.error());
    Expression made = terminal(*std::move(dfa));
    if (!limits->is_limited()) numbers_.emplace(key, made.index);
    return made;
  }

  // Strings.

  struct Lengths {
    int64_t least = 0;
    int64_t most = Expression::kUnlimited;
  };
  Result<Lengths> lengths(const Schemas& schemas) const {
    Lengths lengths;
    for (const Value* schema : schemas) {
      const Result<int64_t> least = read_count(*schema, "minLength", 0, logic_);
      const Result<int64_t> most = read_count(*schema, "maxLength", Expression::kUnlimited, logic_);
      if (!least) return fail(least.error());
      if (!most) return fail(most.error());
      constexpr int64_t kMaximum = 1 << 30;  // longer than any answer
      lengths.least = std::max(lengths.least, std::min(*least, kMaximum));
      if (*most == Expression::kUnlimited) continue;
      const int64_t bounded = std::min(*most, kMaximum);
      lengths.most = lengths.most == Expression::kUnlimited ? bounded : std::min(lengths.most, bounded);
    }
    return lengths;
  }

  static bool has_contents_limit(const Schemas& schemas) {
    return std::ranges::any_of(schemas, [](const Value* schema) {
      const Value* format = schema->find("format");
      const bool is_format =
          format != nullptr && format->text() != nullptr && is_known_format(*format->text());
      const Value* excluded = schema->find(kNotEnum);
      const bool excludes =
          excluded != nullptr &&
          std::ranges::any_of(*excluded->array(), [](const Value& value) { return value.text() != nullptr; });
      return is_format || excludes || schema->find("pattern") != nullptr ||
             schema->find(kNotPattern) != nullptr;
    });
  }

  Result<Expression> text(const Schemas& schemas, uint8_t) {
    if (has_contents_limit(schemas)) {
      const Result<Dfa> dfa = contents(schemas, TextNotation::quoted);
      if (!dfa) return fail(dfa.error());
      return quoted(*dfa);
    }
    const Result<Lengths> limits = lengths(schemas);
    if (!limits) return fail(limits.error());
    const std::pair key(limits->least, limits->most);
    if (const auto found = strings_.find(key); found != strings_.end()) return found->second;
    const std::vector<StringQuotes> all =
        is_python() ? std::vector{StringQuotes::python_double, StringQuotes::python_single}
                    : std::vector{StringQuotes::json};
    std::vector<Expression> choices;
    for (const StringQuotes quotes : all) {
      Terminal made = string_terminal(limits->least, limits->most, quotes);
      if (Result<void> changed = leave_out_text_end(made); !changed) return fail(changed.error());
      if (!made.dfa.is_empty()) choices.push_back(use_terminal(builder_.add_terminal(std::move(made))));
    }
    return strings_.emplace(key, choice_of(std::move(choices))).first->second;
  }

  // Where characters are counted there is but one state for all of them: it is left without the end's first.
  Result<void> leave_out_text_end(Terminal& made) {
    if (made.dfa.is_empty() || notation_ == nullptr || notation_->text_end.empty()) return {};
    const bool is_counted = made.counted_state != Terminal::kNotCounted;
    const Result<Dfa> left = is_counted ? difference(made.dfa, fixed_dfa("[^]*<[^]*"), builder_.budget())
                                        : without_text_end(made.dfa);
    if (!left) return fail(left.error());
    made.dfa = *left;
    if (is_counted && !made.dfa.is_empty()) made.counted_state = made.dfa.next(Dfa::kStart, made.closing);
    return {};
  }

  // What strings that satisfy the schemas have between the quotes, in their one way to be written.
  Result<Dfa> contents(const Schemas& schemas, TextNotation notation) {
    GrammarBudget& budget = builder_.budget();
    const Result<Lengths> limits = lengths(schemas);
    if (!limits) return fail(limits.error());
    Result<Dfa> all = string_contents(limits->least, limits->most, notation, budget);
    for (const Value* schema : schemas) {
      for (const std::string_view keyword :
           {std::string_view("pattern"), std::string_view("format"), kNotPattern}) {
        const Value* given = schema->find(keyword);
        if (given == nullptr || !all) continue;
        if (given->text() == nullptr) return logic_.reject(*schema, keyword, "must be a string");
        const Result<Dfa> own = keyword == "format" ? format_contents(*given->text(), notation, budget)
                                                    : pattern_contents(*given->text(), notation, budget);
        if (!own) return logic_.reject(*schema, keyword, own.error().message);
        all = keyword == kNotPattern ? difference(*all, *own, budget) : intersection(*all, *own, budget);
      }
      if (const Value* excluded = schema->find(kNotEnum)) {
        for (const Value& value : *excluded->array()) {
          if (value.text() == nullptr || !all) continue;
          const Result<Dfa> one = make_dfa(literal_text(written_contents(*value.text(), notation)), budget);
          all = one ? difference(*all, *one, budget) : Result<Dfa>(fail(one.error()));
        }
      }
    }
    return all;
  }

  Result<bool> matches(const std::string& pattern, const std::string& name) override {
    const Result<const Dfa*> dfa = pattern_of(pattern);
    if (!dfa) return fail(dfa.error());
    return (*dfa)->matches(written_contents(name));
  }

  Result<const Dfa*> pattern_of(const std::string& pattern) {
    const auto found = patterns_.find(pattern);
    if (found != patterns_.end()) return &found->second;
    Result<Dfa> dfa = pattern_contents(pattern, TextNotation::quoted, builder_.budget());
    if (!dfa) return fail(dfa.error());
    return &patterns_.emplace(pattern, *std::move(dfa)).first->second;
  }

  // Arrays: a rule for each item's place, with how many of those that `contains` wants have come.

  struct ArrayShape {
    std::vector<Conjunction> first;  // by place
    Conjunction rest;
    int64_t least = 0;
    int64_t most = Expression::kUnlimited;
    const Value* contained = nullptr;
    int64_t least_contained = 0;
  };

  Result<ArrayShape> array_shape(const Schemas& schemas) {
    ArrayShape shape;
    size_t places = 0;
    for (const Value* schema : schemas) {
      const Value* first = schema->find("prefixItems");
      if (first != nullptr && first->array() == nullptr)
        return logic_.reject(*schema, "prefixItems", "must be an array");
      if (first != nullptr) places = std::max(places, first->array()->size());
    }
    shape.first.resize(places);
    for (const Value* schema : schemas) {
      const Value* first = schema->find("prefixItems");
      const Value* items = schema->find("items");
      if (items != nullptr && items->array() != nullptr) {
        return logic_.reject(*schema, "items", "must be a schema; prefixItems takes a list of them");
      }
      for (size_t i = 0; i < places; ++i) {
        const bool is_named = first != nullptr && i < first->array()->size();
        if (is_named) add_schema(&(*first->array())[i], shape.first[i]);
        if (!is_named && items != nullptr) add_schema(items, shape.first[i]);
      }
      if (items != nullptr) add_schema(items, shape.rest);
      if (Result<void> read = read_array_counts(*schema, shape); !read) return fail(read.error());
    }
    return shape;
  }

  Result<void> read_array_counts(const Value& schema, ArrayShape& shape) const {
    const Result<int64_t> least = read_count(schema, "minItems", 0, logic_);
    const Result<int64_t> most = read_count(schema, "maxItems", Expression::kUnlimited, logic_);
    const Result<int64_t> contained = read_count(schema, "minContains", 1, logic_);
    for (const Result<int64_t>* count : {&least, &most, &contained}) {
      if (!*count) return fail(count->error());
    }
    constexpr int64_t kMaximumItems = 2000;
    if (*least > kMaximumItems) return logic_.reject(schema, "minItems", "over 2000 is not supported");
    shape.least = std::max(shape.least, *least);
    // No answer has more items than fit; to count to such a limit would only cost.
    if (*most > kMaximumItems && *most < int64_t{1} << 20) {
      return logic_.reject(schema, "maxItems", "over 2000 is not supported");
    }
    if (*most != Expression::kUnlimited && *most <= kMaximumItems) {
      shape.most = shape.most == Expression::kUnlimited ? *most : std::min(shape.most, *most);
    }
    const Value* contains = schema.find("contains");
    if (contains == nullptr || *contained == 0) return {};
    constexpr int64_t kMaximumContained = 20;
    if (shape.contained != nullptr)
      return logic_.reject(schema, "contains", "is supported only once for an array");
    if (*contained > kMaximumContained)
      return logic_.reject(schema, "minContains", "over 20 is not supported");
    shape.contained = contains;
    shape.least_contained = *contained;
    return {};
  }

  static void add_schema(const Value* schema, Conjunction& all) {
    const auto place = std::ranges::lower_bound(all, schema);
    if (place == all.end() || *place != schema) all.insert(place, schema);
  }

  Result<Expression> array(const Schemas& schemas, uint8_t) {
    const Result<ArrayShape> shape = array_shape(schemas);
    if (!shape) return fail(shape.error());
    make_brackets();
    // Beyond the last place all places are alike.
    const int64_t last = shape->most != Expression::kUnlimited
                             ? shape->most
                             : std::max(shape->least, std::ssize(shape->first));
    std::vector<std::vector<int32_t>> rules;  // [place, contained]
    for (int64_t place = 0; place <= last; ++place) {
      auto& row = rules.emplace_back();
      for (int64_t count = 0; count <= shape->least_contained; ++count)
        row.push_back(builder_.add_rule("of an array"));
    }
    for (int64_t place = 0; place <= last; ++place) {
      for (int64_t count = 0; count <= shape->least_contained; ++count) {
        builder_.define(rules[static_cast<size_t>(place)][static_cast<size_t>(count)],
                        array_from(*shape, place, count, rules));
      }
    }
    std::vector<Expression> parts;
    parts.push_back(open_array_);
    parts.push_back(use_rule(rules[0][0]));
    return sequence_of(std::move(parts));
  }

  // What may follow `place` items. Before the first there is no comma, behind it there may be no first again.
  Expression array_from(const ArrayShape& shape, int64_t place, int64_t count,
                        const std::vector<std::vector<int32_t>>& rules) {
    std::vector<Expression> choices;
    if (place >= shape.least && count >= shape.least_contained) choices.push_back(close_array_);
    const int64_t last = std::ssize(rules) - 1;
    const bool is_full = shape.most != Expression::kUnlimited && place >= shape.most;
    if (is_full) return choice_of(std::move(choices));
    // Where the first place is also the last, items behind it need a rule of their own, which has the comma.
    int64_t next = std::min(place + 1, last);
    const Conjunction& own =
        place < std::ssize(shape.first) ? shape.first[static_cast<size_t>(place)] : shape.rest;
    const auto add_item = [&](const Conjunction& item, int64_t counted) {
      std::vector<Expression> parts;
      if (place > 0) parts.push_back(comma_);
      parts.push_back(use_rule(rule_of(item)));
      if (place == 0 && last == 0) {
        parts.push_back(use_rule(loop_rule(shape, counted)));
      } else {
        parts.push_back(use_rule(rules[static_cast<size_t>(next)][static_cast<size_t>(counted)]));
      }
      choices.push_back(sequence_of(std::move(parts)));
    };
    add_item(own, count);
    if (count < shape.least_contained) {
      Conjunction wanted = own;
      add_schema(shape.contained, wanted);
      add_item(wanted, count + 1);
    }
    return choice_of(std::move(choices));
  }

  // Any number of further items, each behind a comma, for an array without limits.
  int32_t loop_rule(const ArrayShape& shape, int64_t count) {
    std::vector<int32_t> rules;
    for (int64_t i = count; i <= shape.least_contained; ++i)
      rules.push_back(builder_.add_rule("of an array"));
    for (int64_t i = count; i <= shape.least_contained; ++i) {
      std::vector<Expression> choices;
      if (i == shape.least_contained) choices.push_back(close_array_);
      const auto add_item = [&](const Conjunction& item, int64_t next) {
        std::vector<Expression> parts;
        parts.push_back(comma_);
        parts.push_back(use_rule(rule_of(item)));
        parts.push_back(use_rule(rules[static_cast<size_t>(next - count)]));
        choices.push_back(sequence_of(std::move(parts)));
      };
      add_item(shape.rest, i);
      if (i < shape.least_contained) {
        Conjunction wanted = shape.rest;
        add_schema(shape.contained, wanted);
        add_item(wanted, i + 1);
      }
      builder_.define(rules[static_cast<size_t>(i - count)], choice_of(std::move(choices)));
    }
    return rules.front();
  }

  void make_brackets() {
    if (has_brackets_) return;
    const std::pair<Expression*, std::string> kAll[] = {
        {&open_array_, fmt::format("\\[{}", kSpace)},   {&close_array_, fmt::format("{}\\]", kSpace)},
        {&open_object_, fmt::format("\\{{{}", kSpace)}, {&close_object_, fmt::format("{}\\}}", kSpace)},
        {&comma_, fmt::format(",{}", kSpace)},          {&colon_, ": ?"}};
    for (const auto& [target, pattern] : kAll) {
      *target = own(pattern);
    }
    has_brackets_ = true;
  }

  // Objects: a rule for each member's place, with how many members there are already. Members that no schema
  // names come last; since their names may repeat, they count as one where there must be some.

  struct MemberState {
    size_t place;
    int64_t different;  // as far as it matters for minProperties
    int64_t count;      // as far as it matters for maxProperties; else whether there is any

    auto operator<=>(const MemberState&) const = default;
  };

  // What stands around an object's members and between them.
  struct Brackets {
    Expression open, close, comma;
    bool are_arguments;
  };

  struct ObjectRules {
    const ObjectShape& shape;
    const Brackets& brackets;
    std::vector<Expression> members;  // name, colon and value; never where it may not be there
    std::vector<Expression> extras;
    std::map<MemberState, int32_t> rules;
    std::vector<MemberState> pending;
  };

  Result<Expression> object(const Schemas& schemas, uint8_t) {
    make_brackets();
    return object_within(
        schemas, {.open = open_object_, .close = close_object_, .comma = comma_, .are_arguments = false});
  }

  Result<Expression> object_within(const Schemas& schemas, const Brackets& brackets) {
    const Result<ObjectShape> shape = make_object_shape(schemas, logic_, *this);
    if (!shape) return fail(shape.error());
    ObjectRules object{
        .shape = *shape, .brackets = brackets, .members = {}, .extras = {}, .rules = {}, .pending = {}};
    Result<Dfa> names = allowed_names(*shape);
    if (!names) return fail(names.error());
    for (const ObjectMember& member : shape->members) {
      const bool is_allowed = shape->names.empty() || names->matches(written_contents(member.name));
      Result<Expression> made = never();
      if (is_allowed) made = brackets.are_arguments ? argument(member) : member_expression(member);
      if (!made) return fail(made.error());
      object.members.push_back(*std::move(made));
    }
    if (Result<void> made = make_extras(*std::move(names), object); !made) return fail(made.error());
    const bool is_uncertain = !object.extras.empty() && shape->least > std::ssize(shape->members) + 1;
    if (is_uncertain) {
      return logic_.reject(
          *schemas.front(), "minProperties",
          "is not supported above the number of named properties, since other names could repeat");
    }
    std::vector<Expression> parts;
    parts.push_back(brackets.open);
    parts.push_back(use_rule(member_rule({0, 0, 0}, object)));
    while (!object.pending.empty()) {
      const MemberState state = object.pending.back();
      object.pending.pop_back();
      if (Result<void> paid = builder_.budget().take(200, "the schema"); !paid) return fail(paid.error());
      Expression body = members_from(state, object);
      builder_.define(object.rules.at(state), std::move(body));
    }
    return sequence_of(std::move(parts));
  }

  int32_t member_rule(MemberState state, ObjectRules& object) {
    const auto found = object.rules.find(state);
    if (found != object.rules.end()) return found->second;
    const int32_t rule = builder_.add_rule("of an object");
    object.rules.emplace(state, rule);
    object.pending.push_back(state);
    return rule;
  }

  Expression members_from(const MemberState& state, ObjectRules& object) {
    const ObjectShape& shape = object.shape;
    const bool has_room = shape.most == Expression::kUnlimited || state.count < shape.most;
    const auto after = [&](size_t place, int64_t different) {
      const int64_t limit = shape.most == Expression::kUnlimited ? 1 : shape.most;
      return MemberState{.place = place,
                         .different = std::min(different, shape.least),
                         .count = std::min(state.count + 1, std::max<int64_t>(limit, 1))};
    };
    const auto followed = [&](const Expression& member, const MemberState& next) {
      std::vector<Expression> parts;
      if (state.count > 0) parts.push_back(object.brackets.comma);
      parts.push_back(member);
      parts.push_back(use_rule(member_rule(next, object)));
      return sequence_of(std::move(parts));
    };
    std::vector<Expression> choices;
    if (state.place < shape.members.size()) {
      const Expression& member = object.members[state.place];
      const bool is_possible = has_room && member.kind != ExpressionKind::never;
      if (is_possible) choices.push_back(followed(member, after(state.place + 1, state.different + 1)));
      if (!shape.members[state.place].is_required) {
        choices.push_back(use_rule(member_rule({state.place + 1, state.different, state.count}, object)));
      }
      return choice_of(std::move(choices));
    }
    // Places behind the last: whether an unnamed member has come.
    const bool has_extra = state.place > shape.members.size();
    if (state.different >= shape.least) choices.push_back(object.brackets.close);
    for (const Expression& extra : object.extras) {
      if (!has_room) break;
      choices.push_back(
          followed(extra, after(shape.members.size() + 1, state.different + (has_extra ? 0 : 1))));
    }
    return choice_of(std::move(choices));
  }

  Expression member_expression(const ObjectMember& member) {
    std::vector<Expression> parts;
    parts.push_back(quoted(member.name));
    parts.push_back(colon_);
    parts.push_back(use_rule(rule_of(member.value)));
    return sequence_of(std::move(parts));
  }

  // The contents of names that propertyNames allows.
  Result<Dfa> allowed_names(const ObjectShape& shape) {
    GrammarBudget& budget = builder_.budget();
    const Result<Dfa> any = string_contents(0, Expression::kUnlimited, TextNotation::quoted, budget);
    if (shape.names.empty()) return any;
    const Result<std::vector<Schemas>> alternatives = logic_.alternatives(shape.names);
    if (!alternatives) return fail(alternatives.error());
    Result<Dfa> others = any;  // that no alternative allows
    for (const Schemas& schemas : *alternatives) {
      const Result<uint8_t> types = types_of(schemas);
      if (!types) return fail(types.error());
      if ((*types & kStringBit) == 0 || !others) continue;
      const Result<Dfa> own = listed_contents(schemas, TextNotation::quoted);
      if (!own) return own;
      others = difference(*others, *own, budget);
    }
    if (!any || !others) return others;
    return difference(*any, *others, budget);
  }

  // contents(), with enum and const.
  Result<Dfa> listed_contents(const Schemas& schemas, TextNotation notation) {
    Result<Dfa> all = contents(schemas, notation);
    for (const Value* schema : schemas) {
      for (const char* keyword : {"enum", "const"}) {
        const Value* given = schema->find(keyword);
        if (given == nullptr || !all) continue;
        const bool is_list = given->array() != nullptr && std::string_view(keyword) == "enum";
        std::vector<Expression> texts;
        for (const Value& value : is_list ? *given->array() : Value::Array{*given}) {
          if (value.text() != nullptr)
            texts.push_back(literal_text(written_contents(*value.text(), notation)));
        }
        const Result<Dfa> own = make_dfa(choice_of(std::move(texts)), builder_.budget());
        all = own ? intersection(*all, *own, builder_.budget()) : Result<Dfa>(fail(own.error()));
      }
    }
    return all;
  }

  Result<void> make_extras(Dfa names, ObjectRules& object) {
    GrammarBudget& budget = builder_.budget();
    const ObjectShape& shape = object.shape;
    const bool is_plain = shape.names.empty() && shape.members.empty();
    if (!shape.members.empty() && !shape.extras.empty()) {
      std::vector<Expression> known;
      for (const ObjectMember& member : shape.members)
        known.push_back(literal_text(written_contents(member.name)));
      const Result<Dfa> dfa = make_dfa(choice_of(std::move(known)), budget);
      Result<Dfa> others = dfa ? difference(names, *dfa, budget) : dfa;
      if (!others) return fail(others.error());
      names = *std::move(others);
    }
    for (const ExtraMembers& extra : shape.extras) {
      Result<Expression> name = never();
      if (is_plain && extra.matching.empty() && extra.other.empty() && !object.brackets.are_arguments) {
        name = text({}, 0);
        if (!name) return fail(name.error());
      } else {
        Result<Dfa> own = names;
        for (const auto& [patterns, is_wanted] :
             {std::pair(&extra.matching, true), std::pair(&extra.other, false)}) {
          for (const std::string& pattern : *patterns) {
            const Result<const Dfa*> dfa = pattern_of(pattern);
            if (!dfa) return fail(dfa.error());
            own = is_wanted ? intersection(*own, **dfa, budget) : difference(*own, **dfa, budget);
            if (!own) return fail(own.error());
          }
        }
        if (object.brackets.are_arguments) {
          own = intersection(*own, fixed_dfa(notation_->key_pattern), budget);
          if (!own) return fail(own.error());
        }
        name = object.brackets.are_arguments ? Result<Expression>(terminal(*own)) : quoted(*own);
        if (!name) return fail(name.error());
      }
      if (name->kind == ExpressionKind::never) continue;
      if (object.brackets.are_arguments) {
        // Whatever the reader makes of its value: it knows no schema for it.
        Result<Expression> made = argument(*std::move(name), ParameterKind::unknown, extra.value);
        if (!made) return fail(made.error());
        object.extras.push_back(*std::move(made));
        continue;
      }
      std::vector<Expression> parts;
      parts.push_back(*std::move(name));
      parts.push_back(colon_);
      parts.push_back(use_rule(rule_of(extra.value)));
      object.extras.push_back(sequence_of(std::move(parts)));
    }
    return {};
  }

  // Arguments that are no JSON object.

  Result<int32_t> arguments() {
    static const Value kObject = Value::Object{{"type", "object"}};
    const Result<std::vector<Schemas>> alternatives = logic_.alternatives(conjunction_of({&root_}, kObject));
    if (!alternatives) return fail(alternatives.error());
    const Brackets brackets{
        .open = empty_text(), .close = empty_text(), .comma = notation_->between, .are_arguments = true};
    std::vector<Expression> choices;
    for (const Schemas& schemas : *alternatives) {
      const Result<uint8_t> types = types_of(schemas);
      if (!types) return fail(types.error());
      if ((*types & kObjectBit) == 0) continue;
      for (const Value* schema : schemas) {
        for (const char* keyword : {"enum", "const"}) {
          if (schema->find(keyword) != nullptr)
            return logic_.reject(*schema, keyword, "is not supported for all arguments together");
        }
      }
      Result<Expression> made = object_within(schemas, brackets);
      if (!made) return fail(made.error());
      choices.push_back(*std::move(made));
    }
    const int32_t rule = builder_.add_rule("of the arguments");
    builder_.define(rule, choice_of(std::move(choices)));
    return rule;
  }

  static Conjunction conjunction_of(Conjunction all, const Value& schema) {
    add_schema(&schema, all);
    return all;
  }

  Result<Expression> argument(const ObjectMember& member) {
    if (!fixed_dfa(notation_->key_pattern).matches(member.name)) return never();
    const ParameterKind kind = notation_->kind_of ? notation_->kind_of(member.name) : ParameterKind::unknown;
    return argument(literal_text(member.name), kind, member.value);
  }

  Result<Expression> argument(Expression key, ParameterKind kind, const Conjunction& value) {
    std::vector<Expression> parts;
    parts.push_back(notation_->before_key);
    parts.push_back(std::move(key));
    parts.push_back(notation_->after_key);
    Result<Expression> written =
        notation_->text_end.empty() ? use_rule(rule_of(value)) : bare_value(kind, value);
    if (!written || written->kind == ExpressionKind::never) return written;
    parts.push_back(*std::move(written));
    if (notation_->text_end.empty()) parts.push_back(notation_->after_value);
    return sequence_of(std::move(parts));
  }

  // A value and what ends it, as its reader will take it: texts have no quotes, and what looks like JSON may
  // be taken for it.
  Result<Expression> bare_value(ParameterKind kind, const Conjunction& value) {
    static const Value kNull = Value::Object{{"type", "null"}};
    static const Value kText = Value::Object{{"type", "string"}};
    static const Value kNoText =
        Value::Object{{"type", Value::Array{"null", "boolean", "number", "array", "object"}}};
    static const Value kWord = Value::Object{{"type", Value::Array{"null", "boolean", "number"}}};
    std::vector<Expression> choices;
    if (kind != ParameterKind::text) {
      // Python's lists are read as such only where nothing else may stand.
      const bool is_word = is_python() && kind != ParameterKind::other;
      const Value& other = kind == ParameterKind::text_or_null ? kNull : is_word ? kWord : kNoText;
      const Conjunction held = conjunction_of(value, other);
      choices.push_back(within_lines(use_rule(rule_of(held))));
      if (Result<void> added = add_words(held, choices); !added) return fail(added.error());
    }
    if (kind == ParameterKind::other) return choice_of(std::move(choices));
    const bool is_mixed = kind == ParameterKind::unknown || kind == ParameterKind::either;
    const Result<std::vector<Schemas>> alternatives = logic_.alternatives(conjunction_of(value, kText));
    if (!alternatives) return fail(alternatives.error());
    for (const Schemas& schemas : *alternatives) {
      const bool may_be_anything = is_mixed && value.empty();
      Result<Expression> made = bare_text(schemas, is_mixed && !may_be_anything);
      if (!made) return fail(made.error());
      if (made->kind != ExpressionKind::never) choices.push_back(*std::move(made));
    }
    return choice_of(std::move(choices));
  }

  // Templates write these as JSON and as Python do, and so do models then.
  Result<void> add_words(const Conjunction& value, std::vector<Expression>& choices) {
    struct Word {
      const char* json;
      const char* python;
      Value schema;
    };
    static const std::array<Word, 3> kWords{{{"true", "True", Value::Object{{"const", true}}},
                                             {"false", "False", Value::Object{{"const", false}}},
                                             {"null", "None", Value::Object{{"const", Value()}}}}};
    for (const auto& [json, python, schema] : kWords) {
      const Result<Expression> possible = body_of(conjunction_of(value, schema));
      if (!possible) return fail(possible.error());
      if (possible->kind == ExpressionKind::never) continue;
      choices.push_back(within_lines(literal_text(is_python() ? json : python)));
    }
    return {};
  }

  Expression within_lines(Expression value) const {
    const Expression line = notation_->has_lines ? repeated(literal_text("\n"), 0, 1) : empty_text();
    return sequence_of({line, std::move(value), line, notation_->after_value});
  }

  Result<Expression> bare_text(const Schemas& schemas, bool is_mixed) {
    const Result<uint8_t> types = types_of(schemas);
    if (!types) return fail(types.error());
    if ((*types & kStringBit) == 0) return never();
    GrammarBudget& budget = builder_.budget();
    const Result<Lengths> limits = lengths(schemas);
    if (!limits) return fail(limits.error());
    const bool is_listed = std::ranges::any_of(schemas, [](const Value* schema) {
      return schema->find("enum") != nullptr || schema->find("const") != nullptr;
    });
    const bool is_long = limits->least > kMaximumHeldLength || limits->most > kMaximumHeldLength;
    const bool is_free = !is_listed && !has_contents_limit(schemas) &&
                         (is_long || (limits->least == 0 && limits->most == Expression::kUnlimited));
    const Expression end = literal_text(notation_->text_end);
    const Result<Dfa> without_end = text_without({end}, any_character(), budget);
    if (!without_end) return fail(without_end.error());
    if (is_free && !is_mixed) return sequence_of({terminal(*without_end), notation_->after_value});
    Result<Dfa> texts = is_free ? without_end : listed_contents(schemas, TextNotation::bare);
    if (texts && !is_free) texts = intersection(*texts, *without_end, budget);
    if (texts && notation_->has_lines)
      texts = difference(*texts, fixed_dfa(std::string(kHasOuterLine)), budget);
    if (texts && is_mixed) texts = difference(*texts, fixed_dfa(std::string(kLooksLikeJson)), budget);
    if (!texts) return fail(texts.error());
    Expression made = terminal(*std::move(texts));
    return made.kind == ExpressionKind::never ? made : within_lines(std::move(made));
  }

  const Value& root_;
  const ArgumentNotation* const notation_;
  GrammarBuilder builder_;
  SchemaLogic logic_;
  std::map<Conjunction, int32_t> rules_;
  std::vector<std::pair<int32_t, Conjunction>> pending_;
  std::map<int32_t, int32_t> numbers_;
  std::map<std::pair<int64_t, int64_t>, Expression> strings_;
  std::map<std::string, Dfa> patterns_;
  bool has_brackets_ = false;
  Expression open_array_, close_array_, open_object_, close_object_, comma_, colon_;
};

}  // namespace

namespace {

Result<Grammar> compile(const Value& schema, const ArgumentNotation* notation) {
  for (const OneOf reading : {OneOf::exactly_one, OneOf::at_least_one, OneOf::ignored}) {
    Result<Grammar> grammar = SchemaCompiler(schema, reading, notation).compile();
    if (grammar || grammar.error().message != kNoText) return grammar;
  }
  return fail(ErrorCode::invalid_argument, "no value satisfies the schema");
}

// Where a schema says nothing of members that it does not name, they are not written.
Value closed(const Value& schema) {
  const Value* properties = schema.find("properties");
  if (properties == nullptr || properties->object() == nullptr) return schema;
  for (const char* keyword : {"additionalProperties", "patternProperties", "unevaluatedProperties", "allOf",
                              "anyOf", "oneOf", "not", "if", "$ref", "$dynamicRef", "dependentSchemas",
                              "dependencies", "minProperties", "propertyNames"}) {
    if (schema.find(keyword) != nullptr) return schema;
  }
  Value result = schema;
  result.set("additionalProperties", false);
  return result;
}

}  // namespace

Result<Grammar> compile_json_schema(const Value& schema) { return compile(schema, nullptr); }

Result<Grammar> compile_arguments(const Value& schema, const ArgumentNotation* notation) {
  const Value own = closed(schema);
  if (notation != nullptr) return compile(own, notation);
  if (own.find("type") != nullptr) return compile(own, nullptr);
  Value object = own;
  object.set("type", "object");
  return compile(object, nullptr);
}

}  // namespace shoal
