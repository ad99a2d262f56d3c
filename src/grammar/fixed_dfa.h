// Automata of patterns that the program itself writes down: made once, kept for good. Any thread.
#pragma once

#include <string>

#include "grammar/dfa.h"

namespace shoal {

// The pattern is right, and there are few of them: none comes from outside.
const Dfa& fixed_dfa(const std::string& pattern);

}  // namespace shoal
