// The program's command line: reads what was typed as one command and runs it.
#pragma once

namespace shoal {

// Returns the process's exit status: 0 done, 1 failed, 2 the command line makes no sense. Errors are printed
// on stderr.
int run_command_line(int argc, const char* const* argv);

}  // namespace shoal
