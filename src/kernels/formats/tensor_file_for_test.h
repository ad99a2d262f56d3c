// The tensors of a small safetensors file, as its header describes them.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace shoal::test {

struct FileTensor {
  std::string type;
  std::vector<int64_t> shape;
  std::string data;

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(data)); }
  std::vector<float> floats() const {
    std::vector<float> values(data.size() / sizeof(float));
    std::memcpy(values.data(), data.data(), data.size());
    return values;
  }
};

class TensorFile {
 public:
  explicit TensorFile(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    bytes_ = std::string{std::istreambuf_iterator<char>(stream), {}};
    uint64_t header_bytes;
    std::memcpy(&header_bytes, bytes_.data(), sizeof header_bytes);
    header_ = nlohmann::json::parse(bytes_.substr(8, header_bytes));
    data_ = 8 + header_bytes;
  }

  FileTensor tensor(const std::string& name) const {
    const auto& entry = header_.at(name);
    const uint64_t begin = entry.at("data_offsets").at(0).get<uint64_t>();
    const uint64_t end = entry.at("data_offsets").at(1).get<uint64_t>();
    return {.type = entry.at("dtype").get<std::string>(),
            .shape = entry.at("shape").get<std::vector<int64_t>>(),
            .data = bytes_.substr(data_ + begin, end - begin)};
  }

 private:
  std::string bytes_;
  nlohmann::json header_;
  uint64_t data_;
};

}  // namespace shoal::test
