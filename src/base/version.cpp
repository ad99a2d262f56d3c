#include "base/version.h"

namespace shoal {

std::string_view shoal_version() { return SHOAL_VERSION; }

}  // namespace shoal
