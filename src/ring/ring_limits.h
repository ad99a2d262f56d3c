// What a ring of given engines can do: the least of each limit. Pure.
#pragma once

#include <span>

#include "engine/engine.h"
#include "ring/ring.h"

namespace shoal {

// `stages` are in the order of the ring, head first. invalid_argument when they are not consecutive layers of
// one model: the first is not the only head, layers are missing or double, hidden or page sizes differ.
Result<RingLimits> combine_limits(std::span<const EngineInfo> stages);

}  // namespace shoal
