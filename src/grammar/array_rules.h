// Makes a grammar's rules for the items of an array.
#pragma once

#include "grammar/array_shape.h"
#include "grammar/schema_rule_table.h"

namespace shoal {

// What is written around an array's items and between them.
struct ArrayBrackets {
  Expression open, close, comma;
};

Expression make_array_rules(const ArrayShape& shape, const ArrayBrackets& brackets, SchemaRules& values,
                            GrammarBuilder& builder);

}  // namespace shoal
