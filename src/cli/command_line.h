// The program's command line: what is typed becomes one command, which is run.
#pragma once

namespace shoal {

// The process's exit status: 0 done, 1 failed, 2 what was typed makes no sense. Errors are told on stderr.
int run_command_line(int argc, const char* const* argv);

}  // namespace shoal
