// Model name → files on this machine's disk. Reads folders when asked, so a model that is put there later is
// seen, and remembers what it found in files for as long as they do not change. Fetching is left to others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/catalogue.h"
#include "store/model_folder.h"

namespace shoal {

// Where to look. What is not set is not looked at.
struct StoreFolders {
  std::filesystem::path home;              // $SHOAL_HOME: downloads/ and models.json
  std::filesystem::path exo_downloads;     // read only
  std::filesystem::path hugging_face_hub;  // read only: models--org--name/snapshots/*

  std::filesystem::path downloads() const { return home / "downloads"; }
};

// SHOAL_HOME, else EXO_HOME, else ~/.cache/shoal; HF_HUB_CACHE, else HF_HOME/hub, else
// ~/.cache/huggingface/hub.
StoreFolders folders_from_environment();

struct ModelOnDisk {
  std::string name;            // by which it is found
  std::filesystem::path path;  // a GGUF file, or a folder with config.json and safetensors
  int64_t bytes = 0;           // of its weight files
  std::string problem{};       // why it cannot be used; empty: it can
  ModelFiles files{};
  // Of a name that stands for one of several: which of them it is, and the names of all.
  std::string variant{};
  std::vector<std::string> variant_names{};
};

// What a name may be that comes from outside: printable UTF-8 in one part or two ("organisation/name"), none
// of which is empty or begins with a dot, without a backslash. invalid_argument otherwise.
Result<void> check_model_name(std::string_view name);

class ModelStore {
 public:
  // Reads models.json, where there is one; its errors name the file, line or member.
  static Result<ModelStore> open(StoreFolders folders);

  // By its name in any case, the name of a repository, "name:Q8_0" or "name:latest", or what stands behind
  // the organisation or is the file's name, where that means one model. not_found says where it was looked
  // for and what to do, corrupt_data what is wrong with its files. The name comes from outside: never a path.
  // Any thread.
  Result<ModelOnDisk> find(std::string_view name) const;
  Result<std::filesystem::path> find_model(std::string_view name) const;

  // As find, or a path to a folder or a GGUF file: for command lines. Any thread.
  Result<ModelOnDisk> find_model_or_path(std::string_view name_or_path) const;

  // Makes files somewhere else known by a name, in this process. Not while other threads use the store.
  void add_model(std::string name, std::filesystem::path path);

  // What is there, each name once, in the order of names; also what cannot be used. Where a folder has
  // several quantisations, each goes by "name:Q8_0", and the name alone means one of them. Any thread.
  std::vector<ModelOnDisk> list_models() const;

  // What a model's files hold now. Any thread.
  ModelContent content_of(const ModelOnDisk& model) const;
  // Reads every byte of them, for the fingerprint's `whole`. Takes a while; cancelled when asked to stop.
  Result<void> read_whole(const ModelOnDisk& model, const std::stop_token& stop) const;
  // Writes down what is known of files, for the next start.
  void keep_facts() const;

  const std::vector<CatalogueEntry>& catalogue() const { return catalogue_; }
  const StoreFolders& folders() const { return folders_; }

 private:
  // A folder or file of models, in the order of preference.
  struct Place {
    std::string name;  // of its folder or repository, or what models.json says
    std::string id;    // of the catalogue's entry whose files these are; empty: of none
    std::vector<ModelFiles> models;
  };
  ModelStore(StoreFolders folders, std::vector<CatalogueEntry> catalogue);
  const CatalogueEntry* find_entry(std::string_view name) const;
  std::vector<Place> places() const;
  void add_places(const std::filesystem::path& folder, std::vector<Place>& places) const;
  void name_by_catalogue(std::vector<Place>& places) const;
  using SameName = bool (*)(std::string_view, std::string_view);
  const Place* find_place(const std::vector<Place>& places, std::string_view name, SameName same) const;
  static std::vector<std::pair<const Place*, size_t>> find_by_part(const std::vector<Place>& places,
                                                                   std::string_view name);
  static ModelOnDisk model_of(const Place& place, size_t index);

  StoreFolders folders_;
  std::vector<CatalogueEntry> catalogue_;  // the user's entries first
  std::unique_ptr<FileFactsCache> facts_;
};

// Moves what is in `seed` as models--organisation--name into the downloads folder (--models-seed-dir). What
// is there already stays. Gives the names of what was moved.
Result<std::vector<std::string>> take_seed_models(const std::filesystem::path& seed,
                                                  const StoreFolders& folders);

}  // namespace shoal
