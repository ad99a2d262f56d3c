#include "base/ids.h"

#include <fmt/format.h>

#include "base/os.h"

namespace shoal {

std::string make_random_id(std::string_view prefix) {
  return fmt::format("{}{:016x}{:08x}", prefix, os::random_bits(), static_cast<uint32_t>(os::random_bits()));
}

}  // namespace shoal
