#include "store/model_folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "base/os.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error))
    found.push_back(entries->path());
  std::sort(found.begin(), found.end());
  return found;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

int64_t total_bytes(const std::vector<fs::path>& files) {
  int64_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

// name-00001-of-00003.gguf → "name-"; nothing for a file that is no part.
std::optional<std::string> split_prefix(const std::string& name) {
  constexpr size_t tail = sizeof("00001-of-00003.gguf") - 1;
  if (name.size() <= tail || name.compare(name.size() - tail + 5, 4, "-of-") != 0) return std::nullopt;
  return name.substr(0, name.size() - tail);
}

// Of several GGUF files those that make one model: the parts of a split one, or the single one. Where there
// are several models the first is taken, so that a folder with one model in several sizes can be used at all.
std::vector<fs::path> first_gguf_model(const std::vector<fs::path>& ggufs) {
  if (ggufs.empty()) return {};
  const auto prefix = split_prefix(ggufs.front().filename().string());
  if (!prefix) return {ggufs.front()};
  std::vector<fs::path> parts;
  for (const fs::path& file : ggufs) {
    if (split_prefix(file.filename().string()) == prefix) parts.push_back(file);
  }
  return parts;
}

std::optional<ModelFiles> find_in_folder(const fs::path& folder) {
  std::vector<fs::path> ggufs, safetensors;
  for (const fs::path& entry : entries_of(folder)) {
    if (!is_file(entry)) continue;
    if (entry.extension() == ".gguf") ggufs.push_back(entry);
    if (entry.extension() == ".safetensors") safetensors.push_back(entry);
  }
  if (is_file(folder / "config.json") && !safetensors.empty())
    return ModelFiles{folder, total_bytes(safetensors)};
  const std::vector<fs::path> model = first_gguf_model(ggufs);
  if (model.empty()) return std::nullopt;
  return ModelFiles{model.front(), total_bytes(model)};
}

// The snapshot that refs/main names, else the first one that holds a model.
std::optional<ModelFiles> find_in_hub_cache(const fs::path& folder) {
  if (auto main = os::read_text_file(folder / "refs" / "main")) {
    main->erase(std::find_if(main->begin(), main->end(), [](char c) { return c == '\n' || c == '.'; }),
                main->end());
    if (auto found = find_in_folder(folder / "snapshots" / *main)) return found;
  }
  for (const fs::path& snapshot : entries_of(folder / "snapshots")) {
    if (auto found = find_in_folder(snapshot)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ModelFiles> find_model_files(const fs::path& path) {
  if (is_file(path)) {
    if (path.extension() != ".gguf") return std::nullopt;
    return ModelFiles{path, total_bytes({path})};
  }
  if (!is_folder(path)) return std::nullopt;
  if (auto found = find_in_folder(path)) return found;
  if (is_folder(path / "snapshots")) return find_in_hub_cache(path);
  return std::nullopt;
}

}  // namespace shoal
