// shoal models: lists the models on this machine's disk, and with --all those that only the catalogue knows.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>

#include "base/printable.h"
#include "cli/commands.h"
#include "json/value.h"
#include "model/architecture.h"
#include "model/checkpoint.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct ModelsOptions {
  bool all = false;
  bool json = false;
};

// Why the model's files cannot run: they are damaged, of an unknown kind, or incomplete; empty when they can.
// Reads their headers.
std::string why_not(const ModelOnDisk& model) {
  if (!model.problem.empty()) return model.problem;
  const auto opened = Checkpoint::open(model.path);
  return opened ? std::string() : opened.error().message;
}

// Why a model that is not here would not run; empty when it would, or when nothing is known about it.
std::string why_not(const CatalogueEntry& entry) {
  if (!entry.architecture.empty() && find_architecture(entry.architecture) == nullptr) {
    return fmt::format("models of the kind {} are not supported yet", entry.architecture);
  }
  return "";
}

void print_json(const ModelStore& store, const ModelsOptions& options) {
  Value::Array list;
  std::set<std::string> present;
  for (const ModelOnDisk& model : store.list_models()) {
    present.insert(model.name);
    Value& listed = list.emplace_back(Value::Object());
    listed.set("id", model.name);
    listed.set("path", model.path.string());
    listed.set("bytes", model.bytes);
    if (const std::string problem = why_not(model); !problem.empty()) listed.set("problem", problem);
    if (!model.variant.empty()) listed.set("quantisation", model.variant);
  }
  for (const CatalogueEntry& entry : store.catalogue()) {
    if (!options.all || !present.insert(entry.id).second) continue;
    Value::Array repositories(entry.repositories.begin(), entry.repositories.end());
    Value& listed = list.emplace_back(
        Value::Object{{"id", entry.id}, {"path", Value()}, {"repositories", std::move(repositories)}});
    if (const std::string problem = why_not(entry); !problem.empty()) listed.set("problem", problem);
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
    if (const std::string problem = why_not(model); !problem.empty()) {
      fmt::print("{:<40} {:>11}  {}: {}\n", model.name, model.problem.empty() ? "cannot run" : "damaged",
                 model.path.string(), printable(problem));
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
    const std::string problem = why_not(entry);
    fmt::print("{:<40} {:>11}  {}{}{}\n", entry.id, problem.empty() ? "not here" : "cannot run",
               fmt::join(entry.repositories, ", "), problem.empty() ? "" : ": ", problem);
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
