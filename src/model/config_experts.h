// What files say of mixtures of experts, and which layers have one.
#pragma once

#include "model/config_draft.h"

namespace shoal {

// What families say alike: counts, sizes, groups, the kind of router, and whether weights are made to sum to
// one or scaled. A family sets the rest.
ExpertsSpec read_experts(Settings& settings);

// Gives the experts to all layers but those that the files name as dense.
void place_experts(Settings& settings, ConfigDraft& draft, const ExpertsSpec& experts);

}  // namespace shoal
