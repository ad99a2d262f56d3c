// Reads safetensors files and the index of sharded ones: bytes in, descriptions out. Also writes the plain
// ones that `shoal logits` puts out.
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

struct SafetensorsTensor {
  std::string name;
  DType type;
  std::vector<int64_t> shape;
  int64_t offset;  // of the data from the start of the file
  int64_t bytes;
};

struct SafetensorsFile {
  std::vector<SafetensorsTensor> tensors;
  std::map<std::string, std::string> metadata;

  const SafetensorsTensor* find_tensor(std::string_view name) const;
};

// `file` may be cut off after the header; `file_bytes` is the whole file's size, against which offsets are
// checked.
Result<SafetensorsFile> parse_safetensors(std::span<const std::byte> file, int64_t file_bytes);

// model.safetensors.index.json: tensor name → file name (a plain name without separators, or an error).
Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view json);

struct TensorToWrite {
  std::string name;
  DType type;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};
// The whole file's bytes.
Result<std::string> format_safetensors(std::span<const TensorToWrite> tensors);

}  // namespace shoal
