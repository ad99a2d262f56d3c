#include "store/model_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>

#include "base/log.h"
#include "base/os.h"
#include "store/model_folder.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hub_prefix = "models--";

fs::path folder_from(const char* variable, const fs::path& otherwise) {
  const auto value = os::environment(variable);
  return value && !value->empty() ? fs::path(*value) : otherwise;
}

// "organisation/name" → "organisation--name", as downloads and the hub's cache name their folders.
std::string folder_name(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) return std::string(name);
  return fmt::format("{}--{}", name.substr(0, slash), name.substr(slash + 1));
}

// And back: the first "--" of a folder's name was a slash.
std::string repository_name(std::string_view folder) {
  if (folder.starts_with(hub_prefix)) folder.remove_prefix(hub_prefix.size());
  const size_t dashes = folder.find("--");
  if (dashes == std::string_view::npos || dashes == 0) return std::string(folder);
  return fmt::format("{}/{}", folder.substr(0, dashes), folder.substr(dashes + 2));
}

// The user's own first; exo's is the same one where SHOAL_HOME is not set and EXO_HOME is.
std::vector<fs::path> download_folders(const StoreFolders& folders) {
  std::vector<fs::path> found;
  if (!folders.home.empty()) found.push_back(folders.downloads());
  if (!folders.exo_downloads.empty() && folders.exo_downloads != folders.downloads()) {
    found.push_back(folders.exo_downloads);
  }
  return found;
}

// Every place where a model that goes by `name` may lie, in the order of preference.
std::vector<fs::path> places_of(const StoreFolders& folders, std::string_view name) {
  const std::string folder = folder_name(name);
  std::vector<fs::path> places;
  for (const fs::path& downloads : download_folders(folders)) {
    places.push_back(downloads / folder);
    places.push_back(downloads / (folder + ".gguf"));
    places.push_back(downloads / (std::string(hub_prefix) + folder));
  }
  if (!folders.hugging_face_hub.empty() && name.find('/') != std::string_view::npos) {
    places.push_back(folders.hugging_face_hub / (std::string(hub_prefix) + folder));
  }
  return places;
}

// "a, b and c"
std::string list_of(std::vector<std::string> texts, std::string_view last_joint) {
  if (texts.size() < 2) return fmt::format("{}", fmt::join(texts, ""));
  const std::string last = texts.back();
  texts.pop_back();
  return fmt::format("{} {} {}", fmt::join(texts, ", "), last_joint, last);
}

Error not_found(std::string_view name, const CatalogueEntry* entry, const StoreFolders& folders) {
  std::vector<std::string> names{folder_name(name)}, roots;
  if (entry != nullptr) {
    for (const std::string& repository : entry->repositories) names.push_back(folder_name(repository));
  }
  for (const fs::path& downloads : download_folders(folders)) roots.push_back(downloads.string());
  if (!folders.hugging_face_hub.empty()) roots.push_back(folders.hugging_face_hub.string());
  return Error{
      ErrorCode::not_found,
      fmt::format("model '{}' is not on this machine: there is no {} in {}. Put its files (config.json, "
                  "tokenizer and *.safetensors, or one GGUF file) into {}, or name a model that `shoal "
                  "models` lists",
                  name, list_of(std::move(names), "or"), list_of(std::move(roots), "or"),
                  (folders.downloads() / folder_name(name)).string())};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+:").find(c) != std::string_view::npos;
}

// What the folder of downloads or of a cache calls its models: name → files.
void list_folder(const fs::path& folder, std::map<std::string, ModelOnDisk>& models,
                 const std::map<std::string, std::string>& id_of_repository) {
  std::error_code error;
  for (fs::directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
       !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path path = entries->path();
    const auto files = find_model_files(path);
    if (!files) continue;
    std::string name =
        repository_name(path.extension() == ".gguf" ? path.stem().string() : path.filename().string());
    if (auto id = id_of_repository.find(name); id != id_of_repository.end()) name = id->second;
    if (check_model_name(name)) models.emplace(name, ModelOnDisk{name, files->path, files->bytes});
  }
}

}  // namespace

StoreFolders folders_from_environment() {
  const fs::path home = folder_from("HOME", fs::temp_directory_path());
  const fs::path exo_home = folder_from("EXO_HOME", home / ".cache" / "exo");
  const bool exo_home_set = os::environment("EXO_HOME").value_or("") != "";
  const fs::path hugging_face = folder_from("HF_HOME", home / ".cache" / "huggingface");
  return {.home = folder_from("SHOAL_HOME", exo_home_set ? exo_home : home / ".cache" / "shoal"),
          .exo_downloads = exo_home / "downloads",
          .hugging_face_hub = folder_from("HF_HUB_CACHE", hugging_face / "hub")};
}

Result<void> check_model_name(std::string_view name) {
  constexpr size_t length_limit = 200;
  bool valid = !name.empty() && name.size() <= length_limit;
  int64_t separators = 0;
  for (size_t i = 0; valid && i < name.size(); ++i) {
    const bool begins_part = i == 0 || name[i - 1] == '/';
    if (name[i] == '/') {
      valid = !begins_part && i + 1 < name.size() && ++separators == 1;
    } else {
      valid = is_name_character(name[i]) && !(begins_part && name[i] == '.');
    }
  }
  if (valid) return {};
  std::string shown;
  for (char c : name.substr(0, 60)) shown += c >= ' ' && c < 127 ? c : '?';
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("'{}' is no model name: letters, digits and . _ - + : are expected, in one part or as "
                  "organisation/name",
                  shown));
}

ModelStore::ModelStore(StoreFolders folders, std::vector<CatalogueEntry> catalogue)
    : folders_(std::move(folders)), catalogue_(std::move(catalogue)) {}

Result<ModelStore> ModelStore::open(StoreFolders folders) {
  std::vector<CatalogueEntry> catalogue;
  const fs::path user_file = folders.home / "models.json";
  auto text = os::read_text_file(user_file);
  if (text) {
    auto entries = parse_catalogue(*text);
    if (!entries) return fail(entries.error(), user_file.string());
    catalogue = *std::move(entries);
  } else if (text.error().code != ErrorCode::not_found) {
    return fail(text.error());
  }
  for (CatalogueEntry& entry : catalogue) {
    if (entry.path && entry.path->is_relative()) entry.path = folders.home / *entry.path;
  }
  catalogue.insert(catalogue.end(), builtin_catalogue().begin(), builtin_catalogue().end());
  return ModelStore(std::move(folders), std::move(catalogue));
}

const CatalogueEntry* ModelStore::find_entry(std::string_view name) const {
  auto by_id = std::find_if(catalogue_.begin(), catalogue_.end(),
                            [&](const CatalogueEntry& entry) { return entry.id == name; });
  return by_id == catalogue_.end() ? nullptr : &*by_id;
}

Result<fs::path> ModelStore::find_model(std::string_view name) const {
  if (auto valid = check_model_name(name); !valid) return fail(valid.error());
  std::vector<fs::path> places;
  const CatalogueEntry* entry = find_entry(name);
  if (entry != nullptr && entry->path) places.push_back(*entry->path);
  for (const fs::path& place : places_of(folders_, name)) places.push_back(place);
  if (entry != nullptr) {
    for (const std::string& repository : entry->repositories) {
      for (const fs::path& place : places_of(folders_, repository)) places.push_back(place);
    }
  }
  for (const fs::path& place : places) {
    if (auto files = find_model_files(place)) return files->path;
  }
  return fail(not_found(name, entry, folders_));
}

Result<ModelOnDisk> ModelStore::find_model_or_path(std::string_view name_or_path) const {
  const fs::path path(name_or_path);
  if (const auto files = find_model_files(path)) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error).lexically_normal();
    const fs::path leaf = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
    return ModelOnDisk{leaf.extension() == ".gguf" ? leaf.stem().string() : leaf.string(), files->path,
                       files->bytes};
  }
  auto found = find_model(name_or_path);
  if (found) return ModelOnDisk{std::string(name_or_path), *found, find_model_files(*found)->bytes};
  if (find_entry(name_or_path) != nullptr) return fail(found.error());
  std::error_code error;
  if (fs::exists(path, error)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} is no model: a GGUF file, or a folder with one or with config.json and *.safetensors "
                    "is expected",
                    path.string()));
  }
  if (path.is_absolute() || path.extension() == ".gguf" || name_or_path.starts_with('.')) {
    return fail(ErrorCode::not_found, fmt::format("there is no file or folder {}", path.string()));
  }
  return fail(found.error());
}

void ModelStore::add_model(std::string name, fs::path path) {
  catalogue_.insert(
      catalogue_.begin(),
      CatalogueEntry{.id = std::move(name), .repositories = {}, .layer_count = 0, .path = path});
}

std::vector<ModelOnDisk> ModelStore::list_models() const {
  std::map<std::string, std::string> id_of_repository;
  std::map<std::string, ModelOnDisk> models;
  for (const CatalogueEntry& entry : catalogue_) {
    for (const std::string& repository : entry.repositories) id_of_repository.emplace(repository, entry.id);
    if (!entry.path) continue;
    if (auto files = find_model_files(*entry.path)) {
      models.emplace(entry.id, ModelOnDisk{entry.id, files->path, files->bytes});
    }
  }
  for (const fs::path& downloads : download_folders(folders_))
    list_folder(downloads, models, id_of_repository);
  if (!folders_.hugging_face_hub.empty()) list_folder(folders_.hugging_face_hub, models, id_of_repository);
  std::vector<ModelOnDisk> list;
  for (auto& [name, model] : models) list.push_back(std::move(model));
  return list;
}

Result<std::vector<std::string>> take_seed_models(const fs::path& seed, const StoreFolders& folders) {
  std::error_code error;
  std::vector<fs::path> found;
  fs::directory_iterator entries(seed, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    const bool is_model = entries->path().filename().string().starts_with(hub_prefix);
    if (is_model && entries->is_directory(ignored)) found.push_back(entries->path());
  }
  if (error) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("cannot read the folder {}: {}", seed.string(), error.message()));
  }
  fs::create_directories(folders.downloads(), error);
  std::vector<std::string> moved;
  for (const fs::path& source : found) {
    const fs::path target = folders.downloads() / source.filename();
    if (fs::exists(target, error)) {
      log_notice("{} is already there; {} stays where it is", target.string(), source.string());
      continue;
    }
    fs::rename(source, target, error);
    if (error) {
      return fail(ErrorCode::unavailable,
                  fmt::format("cannot move {} to {}: {}", source.string(), target.string(), error.message()));
    }
    moved.push_back(repository_name(source.filename().string()));
  }
  return moved;
}

}  // namespace shoal
