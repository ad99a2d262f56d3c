// Finds the files of a model on this machine's disk by its name. Folders are read at each call, so a model
// that is put there later is found; facts about files are remembered as long as these do not change.
// Downloads nothing.
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

// Where to look for models; an empty path is not looked at.
struct StoreFolders {
  std::filesystem::path home;              // $SHOAL_HOME: downloads/ and models.json
  std::filesystem::path exo_downloads;     // read only
  std::filesystem::path hugging_face_hub;  // read only: models--org--name/snapshots/*

  std::filesystem::path downloads() const { return home / "downloads"; }
};

// home is SHOAL_HOME, else EXO_HOME, else ~/.cache/shoal; the hub's cache is HF_HUB_CACHE, else HF_HOME/hub,
// else ~/.cache/huggingface/hub.
StoreFolders folders_from_environment();

struct ModelOnDisk {
  std::string name;            // the name that finds it
  std::filesystem::path path;  // a GGUF file, or a folder with config.json and safetensors
  int64_t bytes = 0;           // of all weight files
  std::string problem{};       // why it cannot be used; empty: it can
  ModelFiles files{};
  // For a name that means one of several quantisations: which one, and the full names of all.
  std::string variant{};
  std::vector<std::string> variant_names{};
};

// Checks a name from outside: printable UTF-8 in one or two parts ("organisation/name"), none of which may be
// empty or begin with a dot, without backslashes. invalid_argument otherwise.
Result<void> check_model_name(std::string_view name);

class ModelStore {
 public:
  // Reads models.json, if there is one; its errors name the file and the line or member.
  static Result<ModelStore> open(StoreFolders folders);

  // Finds a model by its name in any case, a repository's name, "name:Q8_0" or "name:latest"; or by the
  // organisation, the part after it or the file name alone, where that means one model. not_found says where
  // it was looked for and what to do, corrupt_data what is wrong with its files. `name` comes from outside
  // and is never taken for a path. Any thread may call.
  Result<ModelOnDisk> find(std::string_view name) const;
  Result<std::filesystem::path> find_model(std::string_view name) const;

  // As find(), but a path to a folder or GGUF file works too; for command lines. Any thread may call.
  Result<ModelOnDisk> find_model_or_path(std::string_view name_or_path) const;

  // Gives a name to files in another place, in this process only. Not while other threads use the store.
  void add_model(std::string name, std::filesystem::path path);

  // All models here in the order of their names, also those that cannot be used. If a place has several
  // quantisations, each has a name like "name:Q8_0", and the bare name means the preferred one. Any thread
  // may call.
  std::vector<ModelOnDisk> list_models() const;

  // What a model's files hold now. Any thread may call.
  ModelContent content_of(const ModelOnDisk& model) const;
  // Hashes every byte of the weights, for the fingerprint's `whole`. Slow; cancelled when `stop` is
  // requested.
  Result<void> read_whole(const ModelOnDisk& model, const std::stop_token& stop) const;
  // Writes what is known of files to disk, for the next start.
  void keep_facts() const;

  const std::vector<CatalogueEntry>& catalogue() const { return catalogue_; }
  const StoreFolders& folders() const { return folders_; }

 private:
  // A folder or file that holds models, the preferred model first.
  struct Place {
    std::string name;  // the folder's or repository's name, or the name that models.json gives
    std::string id;    // id of the catalogue's entry that has these files; empty: none has
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

// Moves the folders models--organisation--name in `seed` (--models-seed-dir) to the downloads folder. A model
// that is already there is left in `seed`. Returns the names of the moved models.
Result<std::vector<std::string>> take_seed_models(const std::filesystem::path& seed,
                                                  const StoreFolders& folders);

}  // namespace shoal
