// Objects of schemas as a grammar has them, whatever their members are written like.
#pragma once

#include "grammar/member_order.h"
#include "grammar/schema_context.h"

namespace shoal {

struct NameSet {
  Dfa contents;         // without quotes, in their one way to be written
  bool is_any = false;  // no schema says anything of them
};

// Writes members: name, value and what is between them; never where there is no way to.
class MemberWriter {
 public:
  virtual ~MemberWriter() = default;
  virtual Result<Expression> member(const ObjectMember& member) = 0;
  // Of members that no schema names.
  virtual Result<Expression> extra_name(const NameSet& names) = 0;
  virtual Result<Expression> extra(Expression name, const Conjunction& value) = 0;
};

Result<Expression> make_object(const Schemas& schemas, const ObjectBrackets& brackets, MemberWriter& writer,
                               SchemaContext& context);

}  // namespace shoal
