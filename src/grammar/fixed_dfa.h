// Automata of patterns that the program itself contains: made once and kept for good. Any thread may call.
#pragma once

#include <string>

#include "grammar/dfa.h"

namespace shoal {

// CHECKs that the pattern is right. Only for patterns of our own, of which there are few.
const Dfa& fixed_dfa(const std::string& pattern);

}  // namespace shoal
