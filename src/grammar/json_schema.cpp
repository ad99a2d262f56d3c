#include "grammar/json_schema.h"

#include <utility>

#include "grammar/argument_compiler.h"
#include "grammar/relaxed_schema.h"

namespace shoal {
namespace {

// Why a schema has no grammar, besides the message.
struct Refusal {
  SchemaPart part;
  bool has_cycle = false;
  int64_t spent = 0;
};

enum class Use : uint8_t { value, arguments };

struct Source {
  const Value& schema;
  Use use = Use::value;
  const ArgumentNotation* notation = nullptr;
};

Result<int32_t> root_rule(const Source& source, SchemaContext& context, SchemaCompiler& values) {
  static const Value object_schema = Value::Object{{"type", "object"}};
  if (source.notation != nullptr)
    return ArgumentCompiler(context, values, *source.notation).rule_of(source.schema);
  Conjunction all{&source.schema};
  if (source.use == Use::arguments) add_schema(&object_schema, all);
  return context.rules.rule_of(std::move(all));
}

Result<Grammar> compile_once(const Source& source, OneOf reading, Refusal& refusal) {
  SchemaContext context(source.schema, reading, source.notation);
  SchemaCompiler values(context);
  const Result<int32_t> root = root_rule(source, context, values);
  Result<Grammar> made = root ? values.build(*root) : fail(root.error());
  refusal.part = context.logic.rejected();
  refusal.has_cycle = context.logic.has_cycle();
  refusal.spent += context.builder.budget().spent();
  return made;
}

Result<Grammar> compile(const Source& source, Refusal& refusal) {
  for (const OneOf reading : {OneOf::exactly_one, OneOf::at_least_one, OneOf::ignored}) {
    Result<Grammar> grammar = compile_once(source, reading, refusal);
    if (grammar || grammar.error().message != no_text) return grammar;
  }
  return fail(ErrorCode::invalid_argument, "no value satisfies the schema");
}

// Forbids members that the schema does not name, if it says nothing about such.
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

Result<Grammar> compile_closed(const Value& schema, const ArgumentNotation* notation, Refusal& refusal) {
  return compile({.schema = schema, .use = Use::arguments, .notation = notation}, refusal);
}

// Drops one keyword after the other, within about the work that one schema may take.
Result<Grammar> compile_what_can_be(const Value& schema, const ArgumentNotation* notation) {
  Refusal refusal;
  for (Value left = schema; refusal.spent < GrammarBudget::step_limit;) {
    const Value own = closed(left);
    Result<Grammar> grammar = compile_closed(own, notation, refusal);
    if (grammar || refusal.has_cycle) return grammar;
    if (refusal.part.schema == nullptr) break;
    Value less = without_part(own, refusal.part);
    if (less == own) break;
    left = std::move(less);
  }
  if (schema.find("properties") != nullptr) {
    Result<Grammar> outlined = compile_closed(closed(outline_of(schema)), notation, refusal);
    if (outlined) return outlined;
  }
  return compile_closed(Value::Object{{"type", "object"}}, notation, refusal);
}

}  // namespace

Result<Grammar> compile_json_schema(const Value& schema) {
  Refusal refusal;
  return compile({.schema = schema}, refusal);
}

Result<Grammar> compile_arguments(const Value& schema, const ArgumentNotation* notation, Holding holding) {
  if (holding == Holding::what_can_be) return compile_what_can_be(schema, notation);
  Refusal refusal;
  return compile_closed(closed(schema), notation, refusal);
}

}  // namespace shoal
