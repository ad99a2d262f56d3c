// Parses a template's source into its syntax tree, by Jinja's grammar.
#pragma once

#include <string_view>

#include "templates/jinja/syntax.h"

namespace shoal::jinja {

// Throws Failure. Nesting is bounded.
Block parse(std::string_view source);

}  // namespace shoal::jinja
