// What exo's users, of its first and its second generation, have in their command lines and environments and
// what does nothing here: taken, and answered with one line.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace shoal {

// Declares the flags on `command`; each one that is given adds a line to `notices`, which outlives the
// reading of the command line.
void declare_options_without_effect(CLI::App& command, std::vector<std::string>& notices);

// One line for each variable of `names` that looks as if it was meant for this program and is not read by it.
// `known`: what may stand behind SHOAL_ and EXO_, as "NODE_ID".
std::vector<std::string> variables_without_effect(const std::vector<std::string>& names,
                                                  const std::set<std::string>& known);

}  // namespace shoal
