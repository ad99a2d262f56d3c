#include "base/test_data.h"

#include "base/os.h"

namespace shoal {

std::filesystem::path test_data_path(std::string_view relative) {
  const std::filesystem::path beside = std::filesystem::path(SHOAL_SOURCE_DIR) / "../shared/data";
  const std::filesystem::path folder = os::environment("SHOAL_TEST_DATA").value_or(beside.string());
  return (folder / relative).lexically_normal();
}

}  // namespace shoal
