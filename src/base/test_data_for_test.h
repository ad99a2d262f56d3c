// Where tests find the shared data: in SHOAL_TEST_DATA, else in ../shared/data beside the checkout.
#pragma once

#include <filesystem>
#include <string_view>

namespace shoal {

// A test whose file is missing skips itself: `if (!exists(path)) GTEST_SKIP() << path;`
std::filesystem::path test_data_path(std::string_view relative);

// NAME.gguf of a real model: in the folder NAME of the downloads, else in SHOAL_MODEL_CACHE
// (~/.cache/shoal-models).
std::filesystem::path real_model_path(std::string_view name);

}  // namespace shoal
