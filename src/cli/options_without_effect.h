// Accepts the flags and variables of exo's first and second generation that do nothing here, and answers each
// with one line.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace shoal {

// Declares the flags on `command`. Each one that is given adds a line to `notices`, which must outlive the
// reading of the command line.
void declare_options_without_effect(CLI::App& command, std::vector<std::string>& notices);

// One line for each variable of `names` that looks as if it were meant for this program and is not read by
// it. `known` are the names that may stand behind SHOAL_ and EXO_, like "NODE_ID".
std::vector<std::string> variables_without_effect(const std::vector<std::string>& names,
                                                  const std::set<std::string>& known);

}  // namespace shoal
