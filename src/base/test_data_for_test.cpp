#include "base/test_data_for_test.h"

#include "base/os.h"

namespace shoal {

std::filesystem::path test_data_path(std::string_view relative) {
  const std::filesystem::path beside = std::filesystem::path(SHOAL_SOURCE_DIR) / "../shared/data";
  const std::filesystem::path folder = os::environment("SHOAL_TEST_DATA").value_or(beside.string());
  return (folder / relative).lexically_normal();
}

std::filesystem::path real_model_path(std::string_view name) {
  const std::filesystem::path caches = std::filesystem::path(os::environment("HOME").value_or("")) / ".cache";
  const auto folder = [&](const char* variable, const char* otherwise) {
    return std::filesystem::path(os::environment(variable).value_or((caches / otherwise).string()));
  };
  const std::string file = std::string(name) + ".gguf";
  const auto downloaded = folder("SHOAL_HOME", "shoal") / "downloads" / name / file;
  return exists(downloaded) ? downloaded : folder("SHOAL_MODEL_CACHE", "shoal-models") / file;
}

}  // namespace shoal
