#include "node/discovery_choice.h"

namespace shoal {

Result<std::unique_ptr<Discovery>> make_discovery(const NodeSettings& settings, const NodeReport&) {
  if (settings.discovery.module == DiscoveryModule::none) return std::unique_ptr<Discovery>();
  return fail(ErrorCode::invalid_argument, "this build can only run alone: --discovery-module none");
}

}  // namespace shoal
