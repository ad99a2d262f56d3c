// Model name → files on this machine's disk. Reads folders when asked and keeps nothing of what it finds, so
// a model that is put there later is seen. Fetching is left to others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/catalogue.h"

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
  std::filesystem::path path;  // a GGUF file, or a folder with one or with config.json and safetensors
  int64_t bytes = 0;           // of its weight files
};

// Letters, digits and . _ - + : in one part or two ("organisation/name"), none of which is empty or begins
// with a dot: what a name may be that comes from outside. invalid_argument otherwise.
Result<void> check_model_name(std::string_view name);

class ModelStore {
 public:
  // Reads models.json, where there is one; its errors name the file, line or member.
  static Result<ModelStore> open(StoreFolders folders);

  // not_found says where it was looked for and what to do. The name comes from outside: never a path. Any
  // thread.
  Result<std::filesystem::path> find_model(std::string_view name) const;

  // As find_model, or a path to a folder or a GGUF file: for command lines. Any thread.
  Result<ModelOnDisk> find_model_or_path(std::string_view name_or_path) const;

  // Makes files somewhere else known by a name, in this process. Not while other threads use the store.
  void add_model(std::string name, std::filesystem::path path);

  // What is there, each model once, in the order of names. Any thread.
  std::vector<ModelOnDisk> list_models() const;

  const std::vector<CatalogueEntry>& catalogue() const { return catalogue_; }
  const StoreFolders& folders() const { return folders_; }

 private:
  ModelStore(StoreFolders folders, std::vector<CatalogueEntry> catalogue);
  const CatalogueEntry* find_entry(std::string_view name) const;

  StoreFolders folders_;
  std::vector<CatalogueEntry> catalogue_;  // the user's entries first
};

// Moves what is in `seed` as models--organisation--name into the downloads folder (--models-seed-dir). What
// is there already stays. Gives the names of what was moved.
Result<std::vector<std::string>> take_seed_models(const std::filesystem::path& seed,
                                                  const StoreFolders& folders);

}  // namespace shoal
