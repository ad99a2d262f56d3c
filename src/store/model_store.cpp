#include "store/model_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "base/letter_case.h"
#include "base/log.h"
#include "base/os.h"
#include "base/utf8.h"
#include "files/model_file_names.h"
#include "store/folder.h"
#include "store/missing_model.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hub_prefix = "models--";

fs::path folder_from(const char* variable, const fs::path& otherwise) {
  const auto value = os::environment(variable);
  return value && !value->empty() ? os::expand_home(*value) : otherwise;
}

// Download folders and the hub's cache name their folders "organisation--name": the first "--" stands for the
// slash.
std::string repository_name(std::string_view folder) {
  if (folder.starts_with(hub_prefix)) folder.remove_prefix(hub_prefix.size());
  const size_t dashes = folder.find("--");
  if (dashes == std::string_view::npos || dashes == 0) return std::string(folder);
  return fmt::format("{}/{}", folder.substr(0, dashes), folder.substr(dashes + 2));
}

// The user's own folder comes first. It is exo's too when only EXO_HOME is set; then it is listed once.
std::vector<fs::path> download_folders(const StoreFolders& folders) {
  std::vector<fs::path> found;
  if (!folders.home.empty()) found.push_back(folders.downloads());
  if (!folders.exo_downloads.empty() && folders.exo_downloads != folders.downloads()) {
    found.push_back(folders.exo_downloads);
  }
  return found;
}

// Joins texts as "a, b and c", with `last_joint` before the last.
std::string list_of(std::vector<std::string> texts, std::string_view last_joint) {
  if (texts.size() < 2) return fmt::format("{}", fmt::join(texts, ""));
  const std::string last = texts.back();
  texts.pop_back();
  return fmt::format("{} {} {}", fmt::join(texts, ", "), last_joint, last);
}

bool is_same(std::string_view a, std::string_view b) { return a == b; }

bool is_same_in_any_case(std::string_view a, std::string_view b) {
  return to_lower_ascii(a) == to_lower_ascii(b);
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

Result<ModelOnDisk> usable(ModelOnDisk model) {
  if (model.problem.empty()) return model;
  return fail(ErrorCode::corrupt_data,
              fmt::format("model '{}' cannot be used: {}", model.name, model.problem));
}

}  // namespace

StoreFolders folders_from_environment() {
  const fs::path home = os::home_folder();
  const fs::path exo_home = folder_from("EXO_HOME", home / ".cache" / "exo");
  const bool exo_home_set = os::environment("EXO_HOME").value_or("") != "";
  const fs::path hugging_face = folder_from("HF_HOME", home / ".cache" / "huggingface");
  return {.home = folder_from("SHOAL_HOME", exo_home_set ? exo_home : home / ".cache" / "shoal"),
          .exo_downloads = exo_home / "downloads",
          .hugging_face_hub = folder_from("HF_HUB_CACHE", hugging_face / "hub")};
}

Result<void> check_model_name(std::string_view name) {
  constexpr size_t length_limit = 200;
  bool valid = !name.empty() && name.size() <= length_limit && is_valid_utf8(name);
  int64_t separators = 0;
  for (size_t i = 0; valid && i < name.size(); ++i) {
    const bool begins_part = i == 0 || name[i - 1] == '/';
    if (name[i] == '/') {
      valid = !begins_part && i + 1 < name.size() && ++separators == 1;
    } else {
      const auto byte = static_cast<unsigned char>(name[i]);
      valid = byte >= 0x20 && byte != 0x7f && name[i] != '\\' && !(begins_part && name[i] == '.');
    }
  }
  if (valid) return {};
  std::string shown;
  for (char c : name.substr(0, 60)) shown += c >= ' ' && c < 127 ? c : '?';
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("'{}' is no model name: one part or organisation/name is expected, without a dot in "
                  "front and without backslashes or control characters",
                  shown));
}

ModelStore::ModelStore(StoreFolders folders, std::vector<CatalogueEntry> catalogue)
    : folders_(std::move(folders)),
      catalogue_(std::move(catalogue)),
      facts_(std::make_unique<FileFactsCache>(folders_.home.empty() ? fs::path()
                                                                    : folders_.home / "file_facts.json")) {}

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
    if (!entry.path) continue;
    entry.path = os::expand_home(entry.path->string());
    if (entry.path->is_relative()) entry.path = folders.home / *entry.path;
  }
  catalogue.insert(catalogue.end(), builtin_catalogue().begin(), builtin_catalogue().end());
  return ModelStore(std::move(folders), std::move(catalogue));
}

const CatalogueEntry* ModelStore::find_entry(std::string_view name) const {
  auto by_id = std::find_if(catalogue_.begin(), catalogue_.end(),
                            [&](const CatalogueEntry& entry) { return entry.id == name; });
  return by_id == catalogue_.end() ? nullptr : &*by_id;
}

// Adds what a folder of downloads or a cache holds: model files, model folders, and folders of an
// organisation's models.
void ModelStore::add_places(const fs::path& folder, std::vector<Place>& places) const {
  const auto add = [&](std::string name, std::vector<ModelFiles> models) {
    if (!models.empty() && check_model_name(name)) places.push_back({std::move(name), {}, std::move(models)});
  };
  for (const fs::path& path : entries_of(folder)) {
    const std::string entry = path.filename().string();
    // The hub's cache holds datasets and spaces too, some with many thousand files.
    if (entry.starts_with('.') || entry.starts_with("datasets--") || entry.starts_with("spaces--")) continue;
    if (!is_folder(path)) {
      auto models = find_model_files(path, Depth::quantisations, *facts_);
      const bool is_first_part = !models.empty() && models.front().path == path;
      if (is_first_part) add(repository_name(parse_gguf_name(entry).stem), std::move(models));
      continue;
    }
    const std::string name = repository_name(entry);
    if (name.find('/') != std::string::npos) {
      add(name, find_model_files(path, Depth::all, *facts_));
      continue;
    }
    auto models = find_model_files(path, Depth::quantisations, *facts_);
    const bool is_one = std::ranges::any_of(models, [&](const auto& model) { return is_folder(model.path); });
    add(name, std::move(models));
    if (is_one) continue;
    for (const fs::path& below : entries_of(path)) {
      const std::string part = below.filename().string();
      if (part.starts_with('.') || is_quantisation(part) || !is_folder(below)) continue;
      add(fmt::format("{}/{}", name, part), find_model_files(below, Depth::all, *facts_));
    }
  }
}

// Gives each place the short name of the first catalogue entry that means it; an entry takes the place that
// it prefers.
void ModelStore::name_by_catalogue(std::vector<Place>& places) const {
  const auto take = [&](const CatalogueEntry& entry, std::string_view name) {
    const auto place = std::ranges::find_if(
        places, [&](const Place& candidate) { return candidate.name == name && candidate.id.empty(); });
    if (place == places.end()) return false;
    place->id = entry.id;
    return true;
  };
  for (const CatalogueEntry& entry : catalogue_) {
    if (std::ranges::find(places, entry.id, &Place::id) != places.end() || take(entry, entry.id)) continue;
    for (const std::string& repository : entry.repositories) {
      if (take(entry, repository)) break;
    }
  }
}

std::vector<ModelStore::Place> ModelStore::places() const {
  std::vector<Place> places;
  for (const CatalogueEntry& entry : catalogue_) {
    if (!entry.path || std::ranges::find(places, entry.id, &Place::id) != places.end()) continue;
    auto models = find_model_files(*entry.path, Depth::all, *facts_);
    if (!models.empty()) places.push_back({entry.id, entry.id, std::move(models)});
  }
  for (const fs::path& downloads : download_folders(folders_)) add_places(downloads, places);
  if (!folders_.hugging_face_hub.empty()) add_places(folders_.hugging_face_hub, places);
  name_by_catalogue(places);
  return places;
}

// The model at `index` of a place. The first one has the place's name alone.
ModelOnDisk ModelStore::model_of(const Place& place, size_t index) {
  const std::string& base = place.id.empty() ? place.name : place.id;
  const ModelFiles& files = place.models[index];
  ModelOnDisk model{.name = base,
                    .path = files.path,
                    .bytes = files.bytes,
                    .problem = files.problem,
                    .files = files,
                    .variant = files.variant,
                    .variant_names = {}};
  if (place.models.size() == 1) return model;
  if (index > 0) model.name = fmt::format("{}:{}", base, files.variant);
  if (index > 0) return model;
  for (const ModelFiles& each : place.models) {
    if (!each.variant.empty()) model.variant_names.push_back(fmt::format("{}:{}", base, each.variant));
  }
  return model;
}

const ModelStore::Place* ModelStore::find_place(const std::vector<Place>& places, std::string_view name,
                                                SameName same) const {
  const auto by_name = [&](std::string_view wanted) -> const Place* {
    for (const Place& place : places) {
      if (same(place.id, wanted)) return &place;
    }
    const auto place =
        std::ranges::find_if(places, [&](const Place& each) { return same(each.name, wanted); });
    return place == places.end() ? nullptr : &*place;
  };
  if (const Place* place = by_name(name)) return place;
  for (const CatalogueEntry& entry : catalogue_) {
    if (same(entry.id, name)) {
      for (const std::string& repository : entry.repositories) {
        if (const Place* place = by_name(repository)) return place;
      }
    }
    // A folder may be named like the entry and be asked for by the repository's name.
    for (const std::string& repository : entry.repositories) {
      if (!same(repository, name)) continue;
      const auto place =
          std::ranges::find_if(places, [&](const Place& each) { return each.name == entry.id; });
      if (place != places.end()) return &*place;
    }
  }
  return nullptr;
}

// Finds models by the organisation, the part after it, or a file's name.
std::vector<std::pair<const ModelStore::Place*, size_t>> ModelStore::find_by_part(
    const std::vector<Place>& places, std::string_view name) {
  std::vector<std::pair<const Place*, size_t>> found;
  for (const Place& place : places) {
    const std::string_view organisation = std::string_view(place.name).substr(0, place.name.find('/'));
    if (is_same_in_any_case(last_part(place.name), name) || is_same_in_any_case(organisation, name)) {
      found.emplace_back(&place, 0);
      continue;
    }
    for (size_t i = 0; i < place.models.size(); ++i) {
      const std::string file = place.models[i].path.filename().string();
      if (!is_gguf_name(file)) continue;
      const std::string stem = parse_gguf_name(file).stem;
      if (is_same_in_any_case(stem, name) || is_same_in_any_case(file, name)) found.emplace_back(&place, i);
    }
  }
  return found;
}

Result<ModelOnDisk> ModelStore::find(std::string_view name) const {
  if (auto valid = check_model_name(name); !valid) return fail(valid.error());
  const std::vector<Place> places = this->places();
  const size_t colon = name.rfind(':');
  const bool has_label = colon != std::string_view::npos && colon > 0;
  const std::string_view label = has_label ? name.substr(colon + 1) : std::string_view();
  for (const SameName same : {is_same, is_same_in_any_case}) {
    if (const Place* place = find_place(places, name, same)) return usable(model_of(*place, 0));
    const Place* place = has_label ? find_place(places, name.substr(0, colon), same) : nullptr;
    if (place == nullptr) continue;
    for (size_t i = 0; i < place->models.size(); ++i) {
      if (is_same_in_any_case(place->models[i].variant, label)) return usable(model_of(*place, i));
    }
    if (is_same_in_any_case(label, "latest")) return usable(model_of(*place, 0));
  }
  const auto by_part = find_by_part(places, name);
  if (by_part.size() == 1) return usable(model_of(*by_part.front().first, by_part.front().second));
  if (by_part.size() > 1) {
    std::vector<std::string> names;
    for (const auto& [place, index] : by_part) names.push_back(model_of(*place, index).name);
    return fail(ErrorCode::not_found, fmt::format("'{}' may be {}; say which", name, list_of(names, "or")));
  }
  std::vector<std::string> known;
  for (const Place& place : places) {
    for (size_t i = 0; i < place.models.size(); ++i) known.push_back(model_of(place, i).name);
  }
  return fail(ErrorCode::not_found, describe_missing_model(name, known, folders_));
}

Result<fs::path> ModelStore::find_model(std::string_view name) const {
  auto found = find(name);
  if (!found) return fail(found.error());
  return std::move(found->path);
}

Result<ModelOnDisk> ModelStore::find_model_or_path(std::string_view name_or_path) const {
  const fs::path path(name_or_path);
  if (const auto models = find_model_files(path, Depth::quantisations, *facts_); !models.empty()) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error).lexically_normal();
    const std::string leaf =
        (whole.has_filename() ? whole.filename() : whole.parent_path().filename()).string();
    const std::string name = is_gguf_name(leaf) ? parse_gguf_name(leaf).stem : leaf;
    return usable(model_of({.name = name, .id = {}, .models = models}, 0));
  }
  auto found = find(name_or_path);
  if (found || found.error().code == ErrorCode::corrupt_data) return found;
  if (find_entry(name_or_path) != nullptr) return fail(found.error());
  std::error_code error;
  if (fs::exists(path, error)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} is no model: a GGUF file, or a folder with one or with config.json and *.safetensors "
                    "is expected",
                    path.string()));
  }
  if (path.is_absolute() || is_gguf_name(path.filename().string()) || name_or_path.starts_with('.')) {
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
  std::map<std::string, ModelOnDisk> models;
  for (const Place& place : places()) {
    for (size_t i = 0; i < place.models.size(); ++i) {
      ModelOnDisk model = model_of(place, i);
      // The preferred quantisation is also listed under its full name.
      if (i == 0 && !model.variant_names.empty() && !model.variant.empty()) {
        ModelOnDisk named = model;
        named.name = fmt::format("{}:{}", model.name, model.variant);
        named.variant_names.clear();
        models.emplace(named.name, std::move(named));
      }
      models.emplace(model.name, std::move(model));
    }
  }
  std::vector<ModelOnDisk> list;
  for (auto& [name, model] : models) list.push_back(std::move(model));
  return list;
}

ModelContent ModelStore::content_of(const ModelOnDisk& model) const {
  return read_content(model.files, *facts_);
}

Result<void> ModelStore::read_whole(const ModelOnDisk& model, const std::stop_token& stop) const {
  for (const fs::path& file : model.files.weights) {
    if (auto read = facts_->read_whole(file, stop); !read) return read;
  }
  return {};
}

void ModelStore::keep_facts() const {
  if (auto kept = facts_->keep(); !kept) log_debug(1, "{}", kept.error().message);
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
