#include "store/missing_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/os.h"
#include "base/printable.h"
#include "base/similar.h"

namespace shoal {
namespace {

constexpr size_t listed_models = 10;
constexpr size_t longest_name = 200;

// Shortens paths, and does not reveal whose machine it is.
std::string with_tilde(const std::string& path) {
  const std::string home = os::environment("HOME").value_or("");
  const bool is_below = home.size() > 1 && path.starts_with(home + "/");
  return is_below ? "~" + path.substr(home.size()) : path;
}

std::string describe_known(std::string_view name, std::span<const std::string> known) {
  if (known.empty()) return "no model is.";
  if (const auto similar = find_similar(name, known)) return fmt::format("did you mean {}?", *similar);
  const auto listed = known.first(std::min(known.size(), listed_models));
  return fmt::format("here are {}{}", fmt::join(listed, ", "), known.size() > listed.size() ? ", …" : ".");
}

std::string folder_name(std::string name) {
  if (const size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

// The names that the model's folder may have.
std::vector<std::string> folder_names(const std::string& name) {
  std::vector<std::string> names{folder_name(name)};
  for (const CatalogueEntry& entry : builtin_catalogue()) {
    if (entry.id != name) continue;
    for (const std::string& repository : entry.repositories) names.push_back(folder_name(repository));
    break;
  }
  return names;
}

std::vector<std::string> places(const StoreFolders& folders) {
  std::vector<std::string> places{with_tilde(folders.downloads().string())};
  for (const std::filesystem::path& place : {folders.exo_downloads, folders.hugging_face_hub}) {
    const std::string shown = with_tilde(place.string());
    if (!place.empty() && shown != places.front()) places.push_back(shown);
  }
  return places;
}

}  // namespace

std::string describe_missing_model(std::string_view name, std::span<const std::string> known,
                                   const StoreFolders& folders) {
  const std::string shown = printable(name.substr(0, longest_name));
  const std::vector<std::string> names =
      check_model_name(name) ? folder_names(shown) : std::vector<std::string>{"NAME"};
  return fmt::format(
      "model '{}' is not on this machine or another of its cluster; {} To have it, put its files (one GGUF "
      "file, or "
      "config.json, tokenizer and *.safetensors) into {} on each machine that is to hold a part of it. It is "
      "looked for "
      "as {} in {}; `shoal models` lists what is here, `shoal models --all` what is known besides",
      shown, describe_known(name, known), with_tilde((folders.downloads() / names.front()).string()),
      fmt::join(names, " or "), fmt::join(places(folders), " or "));
}

}  // namespace shoal
