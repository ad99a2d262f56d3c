#include "store/catalogue.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "store/catalogue_data.h"

namespace shoal {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> fail_entry(const std::string& entry, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", entry, what));
}

Result<std::vector<std::string>> parse_repositories(const Json& entry, const std::string& label) {
  std::vector<std::string> repositories;
  if (auto one = entry.find("repository"); one != entry.end() && !one->is_null()) {
    if (!one->is_string()) return fail_entry(label, "`repository` must be a text");
    repositories.push_back(one->get<std::string>());
  }
  if (auto list = entry.find("repositories"); list != entry.end() && !list->is_null()) {
    if (!list->is_array()) return fail_entry(label, "`repositories` must be a list of texts");
    for (const Json& repository : *list) {
      if (!repository.is_string()) return fail_entry(label, "`repositories` must be a list of texts");
      repositories.push_back(repository.get<std::string>());
    }
  }
  for (const std::string& repository : repositories) {
    const size_t slash = repository.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == repository.size() ||
        repository.find('/', slash + 1) != std::string::npos || repository.find("..") != std::string::npos) {
      return fail_entry(label,
                        fmt::format("'{}' is no repository: organisation/name is expected", repository));
    }
  }
  return repositories;
}

Result<CatalogueEntry> parse_entry(const Json& json, size_t index) {
  std::string label = fmt::format("models[{}]", index);
  if (!json.is_object()) return fail_entry(label, "must be an object");
  CatalogueEntry entry;
  auto id = json.find("id");
  if (id == json.end() || !id->is_string() || id->get<std::string>().empty()) {
    return fail_entry(label, "`id` must be a text that is not empty");
  }
  entry.id = id->get<std::string>();
  label += fmt::format(" ({})", entry.id);
  auto repositories = parse_repositories(json, label);
  if (!repositories) return fail(repositories.error());
  entry.repositories = *std::move(repositories);
  if (auto layers = json.find("layers"); layers != json.end() && !layers->is_null()) {
    if (!layers->is_number_integer() || *layers < 0 || *layers > 100000) {
      return fail_entry(label, "`layers` must be a whole number");
    }
    entry.layer_count = layers->get<int64_t>();
  }
  if (auto name = json.find("architecture"); name != json.end() && !name->is_null()) {
    if (!name->is_string()) return fail_entry(label, "`architecture` must be a text");
    entry.architecture = name->get<std::string>();
  }
  if (auto path = json.find("path"); path != json.end() && !path->is_null()) {
    if (!path->is_string() || path->get<std::string>().empty())
      return fail_entry(label, "`path` must be a text");
    entry.path = path->get<std::string>();
  }
  return entry;
}

}  // namespace

Result<std::vector<CatalogueEntry>> parse_catalogue(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    // Such as "[json.exception.parse_error.101] parse error at line 1, column 5: …", or for a number that is
    // too large.
    const std::string_view message = error.what();
    const size_t bracket = message.find("] ");
    return fail(ErrorCode::invalid_argument,
                std::string(bracket == std::string_view::npos ? message : message.substr(bracket + 2)));
  }
  const bool is_bare_list = json.is_array() && !json.empty();
  if (!is_bare_list && (!json.is_object() || !json.contains("models") || !json["models"].is_array())) {
    return fail(ErrorCode::invalid_argument, "an object with a list `models` is expected");
  }
  std::vector<CatalogueEntry> entries;
  for (const Json& item : is_bare_list ? json : json["models"]) {
    auto entry = parse_entry(item, entries.size());
    if (!entry) return fail(entry.error());
    entries.push_back(*std::move(entry));
  }
  return entries;
}

const std::vector<CatalogueEntry>& builtin_catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    auto parsed = parse_catalogue(catalogue_data);
    CHECK(parsed.has_value());
    return *std::move(parsed);
  }();
  return entries;
}

}  // namespace shoal
