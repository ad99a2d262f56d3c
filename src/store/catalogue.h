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
  // "organisation/name" on the hub, the preferred one first. Any of them serves.
  std::vector<std::string> repositories;
  int64_t layer_count = 0;        // 0: not said
  std::string architecture = {};  // as config.json's model_type; empty: not said
  // Set by the user: where the files are, relative to $SHOAL_HOME unless absolute.
  std::optional<std::filesystem::path> path;
};

inline constexpr std::string_view default_model = "smollm2-135m";

// {"models": [{"id": …, "repository": … or "repositories": […], "layers": …, "architecture": …,
// "path": …}]}, or that list
// alone. An unknown member is ignored, null is as nothing; invalid_argument names the entry and the member
// that is wrong, or the line and column.
Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view json);

const std::vector<CatalogueEntry>& builtin_catalogue();

}  // namespace shoal
