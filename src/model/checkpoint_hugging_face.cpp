#include <fmt/format.h>

#include <cstring>
#include <set>

#include "base/os.h"
#include "files/safetensors.h"
#include "model/checkpoint_reader.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

constexpr int64_t max_header_bytes = 100'000'000;  // as safetensors has it

Result<SafetensorsFile> open_safetensors(const fs::path& path) {
  std::error_code error;
  const auto file_bytes = static_cast<int64_t>(fs::file_size(path, error));
  if (error) return fail(ErrorCode::not_found, error.message());
  uint64_t length = 0;
  if (auto read = os::read_file_range(path, 0, std::as_writable_bytes(std::span(&length, 1))); !read) {
    return fail(read.error());
  }
  const int64_t header =
      std::min(file_bytes, length > max_header_bytes ? 8 : 8 + static_cast<int64_t>(length));
  std::vector<std::byte> bytes(static_cast<size_t>(header));
  if (auto read = os::read_file_range(path, 0, bytes); !read) return fail(read.error());
  return parse_safetensors(bytes, file_bytes);
}

// The file names that hold the model's tensors, and which tensor the index expects in which of them.
Result<std::map<std::string, std::string>> read_index(const fs::path& folder) {
  auto text = os::read_text_file(folder / "model.safetensors.index.json");
  if (!text) return fail(text.error());
  return parse_safetensors_index(*text);
}

Result<void> add_tensors(const fs::path& path, std::vector<StoredTensor>& tensors) {
  const auto file = open_safetensors(path);
  if (!file) return fail(file.error(), path.filename().string());
  for (const SafetensorsTensor& tensor : file->tensors) {
    tensors.push_back({.name = tensor.name,
                       .type = tensor.type,
                       .shape = tensor.shape,
                       .file = path,
                       .offset = tensor.offset,
                       .bytes = tensor.bytes});
  }
  return {};
}

Result<std::vector<StoredTensor>> read_shards(const fs::path& folder) {
  const auto index = read_index(folder);
  if (!index) return fail(index.error());
  std::set<std::string> names;
  for (const auto& [tensor, file] : *index) names.insert(file);
  std::vector<StoredTensor> tensors;
  for (const std::string& name : names) {
    if (auto added = add_tensors(folder / name, tensors); !added) return fail(added.error());
  }
  std::set<std::string, std::less<>> found;
  for (const StoredTensor& tensor : tensors) found.insert(tensor.name);
  for (const auto& [tensor, file] : *index) {
    if (found.contains(tensor)) continue;
    return fail(ErrorCode::corrupt_data,
                fmt::format("the index places the tensor '{}' in {}, it is not there", tensor, file));
  }
  return tensors;
}

Result<std::vector<StoredTensor>> read_tensors(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "model.safetensors.index.json", error)) return read_shards(folder);
  std::vector<StoredTensor> tensors;
  if (!fs::exists(folder / "model.safetensors", error)) {
    return fail(
        ErrorCode::not_found,
        "the folder has a config.json, but neither model.safetensors nor model.safetensors.index.json");
  }
  if (auto added = add_tensors(folder / "model.safetensors", tensors); !added) return fail(added.error());
  return tensors;
}

}  // namespace

Result<CheckpointFiles> read_hugging_face_checkpoint(const fs::path& folder) {
  const auto json = os::read_text_file(folder / "config.json");
  if (!json) return fail(json.error());
  auto config = read_hugging_face_config(*json);
  if (!config) return fail(config.error());
  auto tensors = read_tensors(folder);
  if (!tensors) return fail(tensors.error());
  return CheckpointFiles{.config = std::move(*config),
                         .tensors = std::move(*tensors),
                         .layer_prefix = "model.layers.",
                         .rule_name = &TensorRule::hugging_face};
}

}  // namespace shoal
