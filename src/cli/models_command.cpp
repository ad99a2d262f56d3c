// shoal models: what is on this machine's disk, and with --all what the catalogue knows besides.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>

#include "cli/commands.h"
#include "store/model_store.h"
#include "text/value.h"

namespace shoal {
namespace {

struct ModelsOptions {
  bool all = false;
  bool json = false;
};

void print_json(const ModelStore& store, const ModelsOptions& options) {
  Value::Array list;
  std::set<std::string> present;
  for (const ModelOnDisk& model : store.list_models()) {
    present.insert(model.name);
    Value& listed = list.emplace_back(Value::Object());
    listed.set("id", model.name);
    listed.set("path", model.path.string());
    listed.set("bytes", model.bytes);
    if (!model.problem.empty()) listed.set("problem", model.problem);
    if (!model.variant.empty()) listed.set("quantisation", model.variant);
  }
  for (const CatalogueEntry& entry : store.catalogue()) {
    if (!options.all || !present.insert(entry.id).second) continue;
    Value::Array repositories(entry.repositories.begin(), entry.repositories.end());
    list.push_back(
        Value::Object{{"id", entry.id}, {"path", Value()}, {"repositories", std::move(repositories)}});
  }
  Value document = Value::Object();
  document.set("models", std::move(list));
  fmt::print("{}\n", format_json(document));
}

void print_table(const ModelStore& store, const ModelsOptions& options) {
  const std::vector<ModelOnDisk> models = store.list_models();
  std::set<std::string> present;
  for (const ModelOnDisk& model : models) {
    present.insert(model.name);
    if (!model.problem.empty()) {
      fmt::print("{:<40} {:>11}  {}: {}\n", model.name, "damaged", model.path.string(), model.problem);
      continue;
    }
    const bool is_one_of_several = !model.variant_names.empty();
    fmt::print("{:<40} {:>8.2f} GB  {}{}\n", model.name, static_cast<double>(model.bytes) / 1e9,
               model.path.string(),
               is_one_of_several ? fmt::format(" (one of {})", fmt::join(model.variant_names, ", ")) : "");
  }
  if (models.empty()) {
    fmt::print("no model is on this machine yet; put a folder with its files into {}\n",
               store.folders().downloads().string());
  }
  for (const CatalogueEntry& entry : store.catalogue()) {
    if (!options.all || !present.insert(entry.id).second) continue;
    fmt::print("{:<40} {:>11}  {}\n", entry.id, "not here", fmt::join(entry.repositories, ", "));
  }
}

Result<void> run_models(const ModelsOptions& options) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  options.json ? print_json(*store, options) : print_table(*store, options);
  return {};
}

}  // namespace

void add_models_command(CommandSet& commands) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* command = commands.root.add_subcommand("models", "the models on this machine's disk");
  command->add_flag("--all", options->all, "also those that are known but not here");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options, &commands] { commands.chosen = [options] { return run_models(*options); }; });
}

}  // namespace shoal
