// When what was refused may be asked for again: a refusal's message ends with it, for people, for other nodes
// and for the Retry-After that a client gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace shoal {

// "try again in 12 s", in whole seconds from 1.
std::string advise_retry(Duration wait);

// The seconds of a message that ends so.
std::optional<int64_t> find_retry_advice(std::string_view message);

}  // namespace shoal
