#include "grammar/schema_strings.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/value_constraints.h"

namespace shoal {

Result<StringLengths> string_lengths(const Schemas& schemas, const SchemaLogic& logic) {
  StringLengths lengths;
  for (const Value* schema : schemas) {
    const Result<int64_t> least = read_count(*schema, "minLength", 0, logic);
    const Result<int64_t> most = read_count(*schema, "maxLength", Expression::unlimited, logic);
    if (!least) return fail(least.error());
    if (!most) return fail(most.error());
    constexpr int64_t maximum = 1 << 30;  // longer than any answer
    lengths.least = std::max(lengths.least, std::min(*least, maximum));
    if (*most == Expression::unlimited) continue;
    const int64_t bounded = std::min(*most, maximum);
    lengths.most = lengths.most == Expression::unlimited ? bounded : std::min(lengths.most, bounded);
  }
  return lengths;
}

namespace {

// The contents that are long enough, and no longer than there are states for: a shorter text is within the
// limit too.
Result<Dfa> held_contents(const Dfa& contents, StringLengths lengths, TextNotation notation,
                          GrammarBudget& budget) {
  constexpr int64_t short_length = 32;
  if (lengths.most != Expression::unlimited && lengths.most >= lengths.least)
    lengths.most = std::max(lengths.least, std::min(lengths.most, maximum_held_length));
  for (;;) {
    Result<Dfa> counted = counted_contents(contents, lengths.least, lengths.most, notation, budget);
    if (counted || lengths.most / 2 < std::max(lengths.least, short_length)) return counted;
    lengths.most /= 2;
  }
}

}  // namespace

bool has_contents_limit(const Schemas& schemas) {
  return std::ranges::any_of(schemas, [](const Value* schema) {
    const Value* format = schema->find("format");
    const bool is_format = format != nullptr && format->text() != nullptr && is_known_format(*format->text());
    const bool excludes = std::ranges::any_of(excluded_values(*schema),
                                              [](const Value& value) { return value.text() != nullptr; });
    return is_format || excludes || schema->find("pattern") != nullptr ||
           schema->find(not_pattern) != nullptr;
  });
}

Result<Dfa> contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                        GrammarBudget& budget) {
  const Result<StringLengths> lengths = string_lengths(schemas, logic);
  if (!lengths) return fail(lengths.error());
  Result<Dfa> all = any_contents(notation);
  for (const Value* schema : schemas) {
    for (const std::string_view keyword :
         {std::string_view("pattern"), std::string_view("format"), not_pattern}) {
      const Value* given = schema->find(keyword);
      if (given == nullptr) continue;
      if (given->text() == nullptr) return logic.reject(*schema, keyword, "must be a string");
      const Result<Dfa> own = keyword == "format" ? format_contents(*given->text(), notation, budget)
                                                  : pattern_contents(*given->text(), notation, budget);
      if (!own) return logic.reject(*schema, keyword, own.error().message);
      all = keyword == not_pattern ? difference(*all, *own, budget) : intersection(*all, *own, budget);
      if (!all) return logic.reject(*schema, keyword, all.error().message);
    }
    for (const Value& value : excluded_values(*schema)) {
      if (value.text() == nullptr) continue;
      const Result<Dfa> one = make_dfa(literal_text(written_contents(*value.text(), notation)), budget);
      all = one ? difference(*all, *one, budget) : Result<Dfa>(fail(one.error()));
      if (!all) return all;
    }
  }
  all = held_contents(*all, *lengths, notation, budget);
  if (all) return all;
  for (const Value* schema : schemas) {
    for (const char* keyword : {"maxLength", "minLength"}) {
      if (schema->find(keyword) != nullptr) return logic.reject(*schema, keyword, all.error().message);
    }
  }
  return all;
}

Result<Dfa> listed_contents_of(const Schemas& schemas, TextNotation notation, const SchemaLogic& logic,
                               GrammarBudget& budget) {
  Result<Dfa> all = contents_of(schemas, notation, logic, budget);
  for (const Value* schema : schemas) {
    for (const char* keyword : {"enum", "const"}) {
      const Value* given = schema->find(keyword);
      if (given == nullptr || !all) continue;
      const bool is_list = given->array() != nullptr && std::string_view(keyword) == "enum";
      std::vector<Expression> texts;
      for (const Value& value : is_list ? *given->array() : Value::Array{*given}) {
        if (value.text() != nullptr) texts.push_back(literal_text(written_contents(*value.text(), notation)));
      }
      const Result<Dfa> own = make_dfa(choice_of(std::move(texts)), budget);
      all = own ? intersection(*all, *own, budget) : Result<Dfa>(fail(own.error()));
    }
  }
  return all;
}

Result<bool> NamePatterns::matches(const std::string& pattern, const std::string& name) {
  const Result<const Dfa*> dfa = dfa_of(pattern);
  if (!dfa) return fail(dfa.error());
  return (*dfa)->matches(written_contents(name));
}

Result<const Dfa*> NamePatterns::dfa_of(const std::string& pattern) {
  const auto found = patterns_.find(pattern);
  if (found != patterns_.end()) return &found->second;
  Result<Dfa> dfa = pattern_contents(pattern, TextNotation::quoted, budget_);
  if (!dfa) return fail(dfa.error());
  return &patterns_.emplace(pattern, *std::move(dfa)).first->second;
}

}  // namespace shoal
