// The models that Shoal knows by a short name: the built-in list (catalogue.json) and the user's models.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

struct CatalogueEntry {
  std::string id;
  // "organisation/name" on the hub; any of them serves, the first is preferred.
  std::vector<std::string> repositories;
  int64_t layer_count = 0;        // 0: not given
  std::string architecture = {};  // as config.json's model_type; empty: not given
  // Where the files are, when the user says so; relative to $SHOAL_HOME unless absolute.
  std::optional<std::filesystem::path> path;
};

inline constexpr std::string_view default_model = "smollm2-135m";

// Parses {"models": [{"id": …, "repository": … or "repositories": […], "layers": …, "architecture": …,
// "path": …}]}, or the bare list. Unknown members are ignored; null counts as absent. invalid_argument names
// the entry and the wrong member, or the line and column.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view json);

const std::vector<CatalogueEntry>& builtin_catalogue();

}  // namespace shoal
