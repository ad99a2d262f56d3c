// Reads safetensors files and the index of sharded ones: bytes in, descriptions out. Also writes the files
// that `shoal logits` puts out.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace shoal {

// The most bytes of a header, the original library's limit.
inline constexpr int64_t safetensors_header_limit = 100'000'000;

struct SafetensorsTensor {
  std::string name;
  DType type;
  std::vector<int64_t> shape;
  int64_t offset;  // bytes from the start of the file
  int64_t bytes;
};

struct SafetensorsFile {
  std::vector<SafetensorsTensor> tensors;
  std::map<std::string, std::string> metadata;

  const SafetensorsTensor* find_tensor(std::string_view name) const;
};

// `file` may be cut off after the header; offsets are checked against `file_bytes`, the whole file's size.
// corrupt_data, or invalid_argument for a tensor type that is not supported.
Result<SafetensorsFile> parse_safetensors(std::span<const std::byte> file, int64_t file_bytes);

// Parses model.safetensors.index.json: tensor name → file name. corrupt_data when a file name is not plain,
// as it is with separators.
Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view json);

struct TensorToWrite {
  std::string name;
  DType type;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};
// The bytes of the whole file. invalid_argument when data and shape do not fit together, or names repeat.
Result<std::string> format_safetensors(std::span<const TensorToWrite> tensors);

}  // namespace shoal
