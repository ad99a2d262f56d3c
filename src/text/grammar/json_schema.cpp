#include "text/grammar/json_schema.h"

#include "text/grammar/argument_compiler.h"

namespace shoal {
namespace {

Result<Grammar> compile_once(const Value& schema, OneOf reading, const ArgumentNotation* notation) {
  SchemaContext context(schema, reading, notation);
  SchemaCompiler values(context);
  const Result<int32_t> root = notation == nullptr
                                   ? context.rules.rule_of({&schema})
                                   : ArgumentCompiler(context, values, *notation).rule_of(schema);
  if (!root) return fail(root.error());
  return values.build(*root);
}

Result<Grammar> compile(const Value& schema, const ArgumentNotation* notation) {
  for (const OneOf reading : {OneOf::exactly_one, OneOf::at_least_one, OneOf::ignored}) {
    Result<Grammar> grammar = compile_once(schema, reading, notation);
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
