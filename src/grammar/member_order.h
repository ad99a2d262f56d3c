// A grammar's rules for the order in which an object's members may come.
#pragma once

#include <vector>

#include "grammar/grammar.h"
#include "grammar/object_shape.h"

namespace shoal {

// What stands around an object's members and between them.
struct ObjectBrackets {
  Expression open, close, comma;
};

// Members as they are written: name and value, and what is between them.
struct WrittenMembers {
  std::vector<Expression> named;   // the shape's; never where one may not be there
  std::vector<Expression> extras;  // those that no schema names
};

// Members that no schema names come last; since their names may repeat, they count as one where there must be
// some.
Result<Expression> make_object_rules(const ObjectShape& shape, const WrittenMembers& members,
                                     const ObjectBrackets& brackets, GrammarBuilder& builder);

}  // namespace shoal
