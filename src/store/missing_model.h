// The one message for a model that was asked for but is not here: which models are, and how to get it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/model_store.h"

namespace shoal {

// `known` are the names that would have been found.
std::string describe_missing_model(std::string_view name, std::span<const std::string> known,
                                   const StoreFolders& folders);

}  // namespace shoal
