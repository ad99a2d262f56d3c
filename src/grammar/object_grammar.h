// Makes the grammar of an object from schemas, whatever way its members are written.
#pragma once

#include "grammar/member_order.h"
#include "grammar/schema_context.h"

namespace shoal {

struct NameSet {
  Dfa contents;         // without quotes, in their one written form
  bool is_any = false;  // no schema restricts them
};

// Writes members with name, value and what is between them. Gives never when a member cannot be written.
class MemberWriter {
 public:
  virtual ~MemberWriter() = default;
  virtual Result<Expression> member(const ObjectMember& member) = 0;
  // For members that no schema names.
  virtual Result<Expression> extra_name(const NameSet& names) = 0;
  virtual Result<Expression> extra(Expression name, const Conjunction& value) = 0;
};

Result<Expression> make_object(const Schemas& schemas, const ObjectBrackets& brackets, MemberWriter& writer,
                               SchemaContext& context);

}  // namespace shoal
