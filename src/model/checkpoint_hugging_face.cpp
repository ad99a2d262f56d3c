#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/os.h"
#include "files/model_file_names.h"
#include "files/weight_headers.h"
#include "model/checkpoint_reader.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

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

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// Checks that every tensor of the index is in one of the files that the index names.
Result<void> check_index(const std::string& json, const std::vector<StoredTensor>& tensors) {
  const auto index = parse_safetensors_index(json);
  if (!index) return fail(index.error());
  std::set<std::string, std::less<>> found;
  for (const StoredTensor& tensor : tensors) found.insert(tensor.name);
  for (const auto& [tensor, file] : *index) {
    if (found.contains(tensor)) continue;
    return fail(ErrorCode::corrupt_data,
                fmt::format("the index places the tensor '{}' in {}, it is not there", tensor, file));
  }
  return {};
}

// A model of several kinds of input has its text's tensors under a name of their own, as
// language_model.model.… or model.language_model.…; they get the names that a model of text alone has. All
// others but the output matrix are left out.
void keep_text_only(std::vector<StoredTensor>& tensors) {
  constexpr std::string_view outer = "language_model.";
  constexpr std::string_view inner = "model.language_model.";
  const auto is_of_text = [&](const StoredTensor& tensor) {
    return tensor.name.starts_with(outer) || tensor.name.starts_with(inner);
  };
  if (std::ranges::none_of(tensors, is_of_text)) return;
  std::erase_if(tensors, [&](const StoredTensor& tensor) {
    return !is_of_text(tensor) && !tensor.name.starts_with("lm_head.");
  });
  for (StoredTensor& tensor : tensors) {
    if (tensor.name.starts_with(outer)) tensor.name.erase(0, outer.size());
    if (tensor.name.starts_with(inner)) tensor.name.replace(0, inner.size(), "model.");
  }
}

Result<std::vector<StoredTensor>> read_tensors(const fs::path& folder) {
  std::optional<std::string> index;
  if (auto text = os::read_text_file(folder / "model.safetensors.index.json")) index = *std::move(text);
  const auto files = choose_safetensors(names_in(folder), index);
  if (!files) return fail(files.error());
  std::vector<StoredTensor> tensors;
  for (const std::string& name : *files) {
    if (auto added = add_tensors(folder / name, tensors); !added) return fail(added.error());
  }
  const bool is_whole =
      files->size() == 1 && files->front() == "model.safetensors";  // then an index does not matter
  if (index && !is_whole) {
    if (auto checked = check_index(*index, tensors); !checked) return fail(checked.error());
  }
  keep_text_only(tensors);
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
  return CheckpointFiles{
      .config = std::move(*config), .tensors = std::move(*tensors), .dialect = Dialect::hugging_face};
}

}  // namespace shoal
