// What the settings of all Gemmas mean alike.
#pragma once

#include <cstdint>

#include "model/config_draft.h"

namespace shoal::architectures {

// GGUF files do not say the factor of q·k; the model with so many layers takes hidden/heads for the size of
// its heads.
void describe_gemma(Settings& settings, ConfigDraft& draft, int64_t layers_of_largest);

}  // namespace shoal::architectures
