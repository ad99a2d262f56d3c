// The one text for a model that is asked for and not here: what is here instead, and how to get it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/model_store.h"

namespace shoal {

// `known`: the names that would have been found.
std::string describe_missing_model(std::string_view name, std::span<const std::string> known,
                                   const StoreFolders& folders);

}  // namespace shoal
