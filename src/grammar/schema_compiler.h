// Compiles schemas into expressions and rules of the values that satisfy them.
#pragma once

#include <map>
#include <vector>

#include "grammar/object_grammar.h"

namespace shoal {

class SchemaCompiler final : MemberWriter {
 public:
  explicit SchemaCompiler(SchemaContext& context) : context_(context) {}

  // The values that satisfy all schemas of the conjunction.
  Result<Expression> body_of(const Conjunction& conjunction);

  // The grammar of the rule `root` and of all rules that it needs.
  Result<Grammar> build(int32_t root);

 private:
  Result<void> add_alternative(const Schemas& schemas, std::vector<Expression>& choices);
  Result<void> add_listed(const Schemas& schemas, uint8_t types, std::vector<Expression>& choices);
  Result<bool> allows(const Schemas& schemas, const Value& value);

  Result<Expression> number(const Schemas& schemas, uint8_t types);
  Result<Expression> text(const Schemas& schemas, uint8_t types);
  Result<Expression> array(const Schemas& schemas, uint8_t types);
  Result<Expression> object(const Schemas& schemas, uint8_t types);

  Result<Expression> member(const ObjectMember& member) override;
  Result<Expression> extra_name(const NameSet& names) override;
  Result<Expression> extra(Expression name, const Conjunction& value) override;

  SchemaContext& context_;
  std::map<int32_t, int32_t> numbers_;  // terminals of numbers without limits, by kind
};

}  // namespace shoal
