// The error for a model that no node has.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoal {

// not_found, with advice. `known` are the names of models that some node has.
Error unknown_model(std::string_view name, std::span<const std::string> known);

}  // namespace shoal
