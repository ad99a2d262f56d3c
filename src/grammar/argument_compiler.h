// Compiles the arguments of a call that are not written as a JSON object, from their schema.
#pragma once

#include <vector>

#include "grammar/schema_compiler.h"

namespace shoal {

class ArgumentCompiler final : MemberWriter {
 public:
  // All must outlive this; the context must have the same notation.
  ArgumentCompiler(SchemaContext& context, SchemaCompiler& values, const ArgumentNotation& notation)
      : context_(context), values_(values), notation_(notation) {}

  // A rule for all arguments together.
  Result<int32_t> rule_of(const Value& schema);

 private:
  Result<Expression> member(const ObjectMember& member) override;
  Result<Expression> extra_name(const NameSet& names) override;
  Result<Expression> extra(Expression name, const Conjunction& value) override;

  Result<Expression> argument(Expression key, ParameterKind kind, const Conjunction& value);
  Result<Expression> bare_value(ParameterKind kind, const Conjunction& value);
  Result<void> add_words(const Conjunction& value, std::vector<Expression>& choices);
  Expression within_lines(Expression value) const;
  Result<Expression> bare_text(const Schemas& schemas, bool is_mixed);

  SchemaContext& context_;
  SchemaCompiler& values_;
  const ArgumentNotation& notation_;
};

}  // namespace shoal
