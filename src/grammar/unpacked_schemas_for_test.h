// A packed folder of schemas from the test data, unpacked while this lives; for tests only.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/os.h"
#include "base/test_data_for_test.h"

namespace shoal {

class UnpackedSchemas {
 public:
  explicit UnpackedSchemas(const std::string& archive_name) {
    const std::filesystem::path archive = test_data_path("schemas/" + archive_name);
    if (!exists(archive)) return;
    folder_ = std::filesystem::temp_directory_path() / fmt::format("shoal-schemas-{}", os::random_bits());
    std::filesystem::create_directories(folder_);
    const std::string command = fmt::format("tar -xzf '{}' -C '{}'", archive.string(), folder_.string());
    is_there_ = std::system(command.c_str()) == 0;
  }
  ~UnpackedSchemas() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  UnpackedSchemas(const UnpackedSchemas&) = delete;
  UnpackedSchemas& operator=(const UnpackedSchemas&) = delete;

  bool is_there() const { return is_there_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  bool is_there_ = false;
};

}  // namespace shoal
