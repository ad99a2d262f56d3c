// The built-in architectures; the list in architecture.cpp makes them known.
#pragma once

#include "model/architecture.h"

namespace shoal {

const Architecture& llama_architecture();
const Architecture& qwen2_architecture();

}  // namespace shoal
