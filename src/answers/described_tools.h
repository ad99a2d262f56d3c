// Tools for models whose chat template takes none: they are described in the system message and called as
// Hermes does it.
#pragma once

#include "json/value.h"

namespace shoal {

// The context without tools, with their description in its first message, and with calls and results as the
// text that the model writes and reads.
Value with_described_tools(Value context);

}  // namespace shoal
