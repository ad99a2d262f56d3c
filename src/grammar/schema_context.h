// What all parts of one schema's compilation share.
#pragma once

#include "grammar/schema_rule_table.h"
#include "grammar/schema_strings.h"
#include "grammar/value_writer.h"

namespace shoal {

struct SchemaContext {
  // nullptr as notation means JSON. The root and the notation must outlive this.
  SchemaContext(const Value& root, OneOf one_of, const ArgumentNotation* notation)
      : logic(root, one_of, builder.budget()),
        rules(builder),
        patterns(builder.budget()),
        writer(builder, notation) {}
  SchemaContext(const SchemaContext&) = delete;
  SchemaContext& operator=(const SchemaContext&) = delete;

  GrammarBuilder builder;
  SchemaLogic logic;
  SchemaRules rules;
  NamePatterns patterns;
  ValueWriter writer;
};

}  // namespace shoal
