#include "service/unknown_model.h"

#include "store/missing_model.h"

namespace shoal {

Error unknown_model(std::string_view name, std::span<const std::string> known) {
  return {ErrorCode::not_found, describe_missing_model(name, known, folders_from_environment())};
}

}  // namespace shoal
