// Commands that users of Ollama and exo type: those that mean one of ours run it, the others say what to do
// instead. Also guesses what an unknown word may have meant.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace shoal {

// Call this after all commands have been added.
void add_foreign_words(CommandSet& commands);

// The message about arguments that nothing takes, in the order in which they were typed.
std::string explain_unexpected(const CLI::App& root, const std::vector<std::string>& unexpected);

}  // namespace shoal
