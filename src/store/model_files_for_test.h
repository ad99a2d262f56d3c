// A folder for tests with models that are as small as their formats allow.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace shoal {

namespace fs = std::filesystem;

class ModelFilesFixture : public testing::Test {
 protected:
  ~ModelFilesFixture() override { fs::remove_all(root_); }

  void write(const fs::path& relative, const std::string& bytes = "1234") const {
    fs::create_directories((root_ / relative).parent_path());
    std::ofstream(root_ / relative, std::ios::binary) << bytes;
  }

  // Texts and numbers as GGUF writes them.
  static std::string text(std::string_view value) {
    return number(uint64_t{value.size()}) + std::string(value);
  }
  template <class T>
  static std::string number(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
  }

  // A GGUF file with two keys and one tensor, whose bytes are `data`.
  static std::string gguf(const std::string& data = "12345678", std::string_view type = "model",
                          std::string_view architecture = "llama") {
    std::string file = "GGUF" + number(uint32_t{3}) + number(uint64_t{1}) + number(uint64_t{2});
    file += text("general.architecture") + number(uint32_t{8}) + text(architecture);
    file += text("general.type") + number(uint32_t{8}) + text(type);
    file += text("t") + number(uint32_t{1}) + number(uint64_t{data.size()}) + number(uint32_t{24}) +
            number(uint64_t{0});  // of type I8
    file.resize((file.size() + 31) / 32 * 32);
    return file + data;
  }
  static std::string safetensors(const std::string& data = "12345678") {
    std::string header = R"({"t": {"dtype": "U8", "shape": [)" + std::to_string(data.size()) +
                         R"(], "data_offsets": [0, )" + std::to_string(data.size()) + "]}}";
    return number(uint64_t{header.size()}) + header + data;
  }

  void write_gguf(const fs::path& relative, const std::string& data = "12345678") const {
    write(relative, gguf(data));
  }
  void write_safetensors_model(const fs::path& relative, const std::string& data = "12345678") const {
    write(relative / "config.json", "{}");
    write(relative / "model.safetensors", safetensors(data));
  }

  const fs::path root_ = fs::temp_directory_path() / make_random_id("shoal-store-test-");
};

}  // namespace shoal
