// Makes a grammar's rules for the order in which an object's members may come.
#pragma once

#include <vector>

#include "grammar/grammar.h"
#include "grammar/object_shape.h"

namespace shoal {

// What is written around an object's members and between them.
struct ObjectBrackets {
  Expression open, close, comma;
};

// Members as they are written: name, value, and what is between them.
struct WrittenMembers {
  std::vector<Expression> named;   // the shape's members; never: the member may not be there
  std::vector<Expression> extras;  // members that no schema names
};

// Members that no schema names come last. Their names may repeat, so they count only once for minProperties.
Result<Expression> make_object_rules(const ObjectShape& shape, const WrittenMembers& members,
                                     const ObjectBrackets& brackets, GrammarBuilder& builder);

}  // namespace shoal
