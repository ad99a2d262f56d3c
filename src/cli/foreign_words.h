// The words that users of Ollama and exo type: those that mean a command of ours lead to it, the others say
// what to do instead. And what a word that nobody knows may have meant.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace shoal {

// After the commands themselves.
void add_foreign_words(CommandSet& commands);

// What is said of arguments that nothing takes, in the order in which they were typed.
std::string explain_unexpected(const CLI::App& root, const std::vector<std::string>& unexpected);

}  // namespace shoal
