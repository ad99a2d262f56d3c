// Says when a refused request may be made again. The message of a refusal ends with it, for people, for other
// nodes and for the Retry-After header that a client gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace shoal {

// "try again in 12 s": whole seconds, rounded up, from 1 to 86,400.
std::string advise_retry(Duration wait);

// The seconds of a message that ends with such advice; nullopt when it does not.
std::optional<int64_t> find_retry_advice(std::string_view message);

}  // namespace shoal
