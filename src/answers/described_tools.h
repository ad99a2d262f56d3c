// Tools for models whose chat template knows of none: told in the system's message, called as Hermes does.
#pragma once

#include "json/value.h"

namespace shoal {

// The context without tools, their description in its first message; calls and their results as the text that
// the model writes and gets.
Value with_described_tools(Value context);

}  // namespace shoal
