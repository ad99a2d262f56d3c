// What a ring of certain engines can do: the least of each. Pure.
#pragma once

#include <span>

#include "engine/engine.h"
#include "ring/ring.h"

namespace shoal {

// Of the shards in the order of the ring, head first. invalid_argument when they are not one model's layers,
// each once: the head is not the first, layers are missing or double, sizes differ.
Result<RingLimits> combine_limits(std::span<const EngineInfo> stages);

}  // namespace shoal
