#include "grammar/schema_logic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "grammar/schema_keywords.h"
#include "grammar/schema_negation.h"

namespace shoal {
namespace {

constexpr std::string_view subject = "the schema";
constexpr int deepest_schema = 300;

std::optional<bool> as_boolean(const Value& schema) {
  if (schema.boolean() != nullptr) return *schema.boolean();
  return std::nullopt;
}

// The values that a schema lists; nullopt when it lists none.
std::optional<Value::Array> listed_values(const Value& schema) {
  if (const Value* one = schema.find("const")) return Value::Array{*one};
  const Value* list = schema.find("enum");
  if (list != nullptr && list->array() != nullptr) return *list->array();
  return std::nullopt;
}

bool requires_member(const Value& schema, std::string_view name) {
  const Value* required = schema.find("required");
  if (required == nullptr || required->array() == nullptr) return false;
  return std::ranges::any_of(*required->array(), [&](const Value& value) {
    return value.text() != nullptr && *value.text() == name;
  });
}

// The JSON pointer that leads from `at` to `wanted`; nullopt when there is none.
std::optional<std::string> find_place(const Value& at, const Value& wanted) {
  if (&at == &wanted) return std::string();
  if (at.object() != nullptr) {
    for (const auto& [name, member] : *at.object()) {
      if (const auto rest = find_place(member, wanted)) return fmt::format("/{}{}", name, *rest);
    }
  } else if (at.array() != nullptr) {
    for (size_t i = 0; i < at.array()->size(); ++i) {
      if (const auto rest = find_place((*at.array())[i], wanted)) return fmt::format("/{}{}", i, *rest);
    }
  }
  return std::nullopt;
}

}  // namespace

void add_schema(const Value* schema, Conjunction& all) {
  if (schema->boolean() != nullptr && *schema->boolean()) return;
  if (std::ranges::find(all, schema) == all.end()) all.push_back(schema);
}

SchemaLogic::SchemaLogic(const Value& root, OneOf one_of, GrammarBudget& budget)
    : root_(root), one_of_(one_of), budget_(budget), references_(root) {}

std::unexpected<Error> SchemaLogic::reject(const Value& schema, std::string_view keyword,
                                           std::string_view what) const {
  const SchemaPart given{.schema = &schema, .keyword = std::string(keyword)};
  const SchemaPart own = in_root(given).value_or(given);
  rejected_ = own;
  const std::string place = find_place(root_, *own.schema).value_or(std::string());
  if (own.keyword.empty())
    return fail(ErrorCode::invalid_argument, fmt::format("the schema at #{} {}", place, what));
  return fail(ErrorCode::invalid_argument, fmt::format("\"{}\" at #{}: {}", own.keyword, place, what));
}

std::unexpected<Error> SchemaLogic::reject(const Schemas& schemas, std::string_view keyword,
                                           std::string_view what) const {
  const auto found =
      std::ranges::find_if(schemas, [&](const Value* schema) { return schema->find(keyword) != nullptr; });
  return reject(found == schemas.end() ? *schemas.front() : **found, keyword, what);
}

// The part of the root that `part` is or, if this class made its schema, was made for.
std::optional<SchemaPart> SchemaLogic::in_root(const SchemaPart& part) const {
  if (find_place(root_, *part.schema)) return part;
  for (const auto& [key, made] : made_) {
    if (find_place(made.schema, *part.schema)) return in_root(made.asker);
  }
  return std::nullopt;
}

const Value& SchemaLogic::made(const Value* origin, const std::string& purpose, Value schema,
                               const SchemaPart& asker) {
  return made_.try_emplace({origin, purpose}, Made{std::move(schema), asker}).first->second.schema;
}

Result<std::vector<Schemas>> SchemaLogic::alternatives(const Conjunction& all) {
  Parts parts;
  for (const Value* schema : all) {
    if (const Value* at = references_.find_cycle(*schema)) {
      has_cycle_ = true;
      return reject(*at, "$ref", "leads only to itself");
    }
    if (Result<void> added = add(*schema, parts, 0); !added) return fail(added.error());
  }
  std::vector<Schemas> found;
  if (Result<void> expanded = expand(std::move(parts), found); !expanded) return fail(expanded.error());
  return found;
}

Result<void> SchemaLogic::expand(Parts parts, std::vector<Schemas>& found) {
  constexpr size_t maximum_alternatives = 2000;
  if (Result<void> paid = budget_.take(200 + 20 * std::ssize(parts.plain), subject); !paid) return paid;
  if (parts.is_impossible) return {};
  if (parts.choices.empty()) {
    if (std::ranges::find(found, parts.plain) == found.end()) found.push_back(std::move(parts.plain));
    if (found.size() <= maximum_alternatives) return {};
    return fail(ErrorCode::invalid_argument, "the schema has too many alternatives");
  }
  const Choice choice = std::move(parts.choices.back());
  parts.choices.pop_back();
  for (const Conjunction& alternative : choice) {
    Parts with = parts;
    for (const Value* schema : alternative) {
      if (Result<void> added = add(*schema, with, 0); !added) return added;
    }
    if (Result<void> expanded = expand(std::move(with), found); !expanded) return expanded;
  }
  return {};
}

Result<void> SchemaLogic::add(const Value& schema, Parts& parts, int depth) {
  if (Result<void> paid = budget_.take(50, subject); !paid) return paid;
  if (depth > deepest_schema) return fail(ErrorCode::invalid_argument, "the schema is nested too deeply");
  if (const auto truth = as_boolean(schema)) {
    parts.is_impossible = parts.is_impossible || !*truth;
    return {};
  }
  if (schema.object() == nullptr) return reject(schema, "", "must be an object or a boolean");
  if (!parts.seen.insert(&schema).second) return {};
  if (&schema != &root_ && schema.find("$id") != nullptr) {
    return reject(schema, "$id", "is supported at the root only");
  }
  const bool is_plain = std::ranges::any_of(
      *schema.object(), [](const auto& member) { return is_one_of(member.first, plain_keywords); });
  if (is_plain) parts.plain.push_back(&schema);
  for (const Value::Member& member : *schema.object()) {
    if (Result<void> added = add_member(schema, member, parts, depth); !added) return added;
  }
  return {};
}

Result<void> SchemaLogic::add_member(const Value& schema, const Value::Member& member, Parts& parts,
                                     int depth) {
  const auto& [name, value] = member;
  if (name == "$ref") {
    if (value.text() == nullptr) return reject(schema, name, "must be a string");
    const Result<const Value*> target = resolve(schema, *value.text());
    if (!target) return fail(target.error());
    return add(**target, parts, depth + 1);
  }
  if (name == "allOf" || name == "anyOf" || name == "oneOf") {
    if (value.array() == nullptr || value.array()->empty())
      return reject(schema, name, "must be an array of schemas");
    if (name == "allOf") {
      for (const Value& part : *value.array()) {
        if (Result<void> added = add(part, parts, depth + 1); !added) return added;
      }
      return {};
    }
    Choice choice;
    if (name == "oneOf") {
      Result<Choice> exclusive = one_of(schema, *value.array());
      if (!exclusive) return fail(exclusive.error());
      choice = *std::move(exclusive);
    } else {
      for (const Value& part : *value.array()) choice.push_back({&part});
    }
    parts.choices.push_back(std::move(choice));
    return {};
  }
  if (name == "not") {
    const Result<const Value*> opposite = negated(value, {&schema, name});
    if (!opposite) return reject(schema, name, opposite.error().message);
    return add(**opposite, parts, depth + 1);
  }
  if (name == "if") return add_if(schema, parts);
  if (name == "dependentRequired" || name == "dependentSchemas" || name == "dependencies") {
    return add_dependencies(schema, member, parts);
  }
  if (is_one_of(name, unsupported_keywords)) {
    const bool says_nothing = (name == "uniqueItems" && value == Value(false)) ||
                              (name.starts_with("unevaluated") && value == Value(true));
    if (!says_nothing) return reject(schema, name, "is not supported");
  }
  return {};
}

// Either the condition and `then` hold, or `else` holds and the condition does not.
Result<void> SchemaLogic::add_if(const Value& schema, Parts& parts) {
  const Value* then_part = schema.find("then");
  const Value* else_part = schema.find("else");
  if (then_part == nullptr && else_part == nullptr) return {};
  const Value& condition = *schema.find("if");
  const Result<const Value*> opposite = negated(condition, {&schema, "if"});
  if (!opposite) return reject(schema, "if", opposite.error().message);
  Conjunction holds{&condition};
  if (then_part != nullptr) holds.push_back(then_part);
  Conjunction fails{*opposite};
  if (else_part != nullptr) fails.push_back(else_part);
  parts.choices.push_back({holds, fails});
  return {};
}

// Each member named is either absent, or present and what depends on it holds.
Result<void> SchemaLogic::add_dependencies(const Value& schema, const Value::Member& member, Parts& parts) {
  const auto& [name, value] = member;
  if (value.object() == nullptr) return reject(schema, name, "must be an object");
  for (const auto& [key, dependent] : *value.object()) {
    if (dependent.array() == nullptr && dependent.object() == nullptr && dependent.boolean() == nullptr) {
      return reject(schema, name, "must have arrays of names or schemas as members");
    }
    const Value& absent = made(&dependent, "absent",
                               Value::Object{{"properties", Value::Object{{key, false}}}}, {&schema, name});
    Value::Array needed{key};
    if (dependent.array() != nullptr)
      needed.insert(needed.end(), dependent.array()->begin(), dependent.array()->end());
    const Value& present =
        made(&dependent, "present", Value::Object{{"type", "object"}, {"required", std::move(needed)}},
             {&schema, name});
    Conjunction with{&present};
    if (dependent.array() == nullptr) with.push_back(&dependent);
    parts.choices.push_back({{&absent}, with});
  }
  return {};
}

Result<SchemaLogic::Choice> SchemaLogic::one_of(const Value& schema, const Value::Array& branches) {
  const bool is_about_members =
      std::ranges::all_of(branches, [](const Value& branch) { return branch.find("required") != nullptr; });
  const bool is_lenient = one_of_ != OneOf::exactly_one && is_about_members;
  if (one_of_ == OneOf::ignored && is_about_members) return Choice{Conjunction{}};
  Choice choice;
  for (size_t i = 0; i < branches.size(); ++i) {
    Conjunction alternative{&branches[i]};
    for (size_t j = 0; j < branches.size() && !is_lenient; ++j) {
      if (j == i || are_apart(branches[i], branches[j])) continue;
      const Result<const Value*> other = negated(branches[j], {&schema, "oneOf"});
      if (!other) {
        return reject(schema, "oneOf",
                      fmt::format("alternatives cannot be told apart: {}", other.error().message));
      }
      alternative.push_back(*other);
    }
    choice.push_back(std::move(alternative));
  }
  return choice;
}

// Recognises schemas that plainly exclude each other, by types or by a member that names the kind, so that
// they need no negation.
bool SchemaLogic::are_apart(const Value& a, const Value& b) const {
  if (a.object() == nullptr || b.object() == nullptr) return false;
  const std::set<std::string> types_a = own_types(a);
  const std::set<std::string> types_b = own_types(b);
  if (std::ranges::none_of(types_a, [&](const std::string& type) { return types_b.contains(type); }))
    return true;
  const bool are_objects = types_a == std::set<std::string>{"object"} && types_b == types_a;
  const Value* members = a.find("properties");
  const Value* others = b.find("properties");
  if (!are_objects || members == nullptr || members->object() == nullptr || others == nullptr) return false;
  return std::ranges::any_of(*members->object(), [&](const Value::Member& member) {
    const Value* other = others->find(member.first);
    if (other == nullptr || !requires_member(a, member.first) || !requires_member(b, member.first))
      return false;
    const auto values = listed_values(member.second);
    const auto other_values = listed_values(*other);
    const auto is_text = [](const Value& value) { return value.text() != nullptr; };
    return values && other_values && std::ranges::all_of(*values, is_text) &&
           std::ranges::none_of(*values, [&](const Value& value) {
             return std::ranges::find(*other_values, value) != other_values->end();
           });
  });
}

Result<const Value*> SchemaLogic::resolve(const Value& schema, const std::string& reference) const {
  const Result<const Value*> target = references_.find(reference);
  if (!target) return reject(schema, "$ref", target.error().message);
  return target;
}

Result<const Value*> SchemaLogic::negated(const Value& schema, const SchemaPart& asker) {
  const Value* from = &schema;
  for (int depth = 0; from->object() != nullptr && from->object()->size() == 1; ++depth) {
    const auto& [name, value] = from->object()->front();
    if (name != "$ref" || value.text() == nullptr) break;
    if (depth > deepest_schema) return reject(schema, "$ref", "leads to itself");
    const Result<const Value*> target = resolve(*from, *value.text());
    if (!target) return target;
    from = *target;
  }
  if (const auto found = negated_.find(from); found != negated_.end()) return found->second;
  if (Result<void> paid = budget_.take(500, subject); !paid) return fail(paid.error());
  Value opposite;
  if (const auto truth = as_boolean(*from)) {
    opposite = !*truth;
  } else if (from->object() == nullptr) {
    return fail(ErrorCode::invalid_argument, "a schema must be an object or a boolean");
  } else {
    Result<Value::Array> choices = negations(*from);
    if (!choices) return fail(choices.error());
    opposite = choices->empty() ? Value(false) : Value(Value::Object{{"anyOf", *std::move(choices)}});
  }
  const Value& kept = made(from, "not", std::move(opposite), asker);
  negated_.emplace(from, &kept);
  return &kept;
}

}  // namespace shoal
