// The architectures that are built in; architecture.cpp lists them.
#pragma once

#include "model/architecture.h"

namespace shoal {

const Architecture& llama_architecture();
const Architecture& qwen2_architecture();

}  // namespace shoal
