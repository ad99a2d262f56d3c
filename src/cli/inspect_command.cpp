// shoal inspect MODEL: prints what the model's files say about it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "answers/text_assets.h"
#include "cli/commands.h"
#include "json/value.h"
#include "model/checkpoint.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct InspectOptions {
  std::string model;
  bool json = false;
};

Value describe(const Checkpoint& checkpoint, const TextAssets& text, const std::filesystem::path& path) {
  const ModelConfig& config = checkpoint.config();
  const LayerSpec& first = config.layers.front();
  Value::Array layer_bytes;
  for (int64_t layer = 0; layer < config.layer_count(); ++layer)
    layer_bytes.emplace_back(checkpoint.layer_bytes(layer));
  Value description((Value::Object()));
  description.set("name", config.name);
  description.set("path", path.string());
  description.set("architecture", config.architecture);
  description.set("layers", config.layer_count());
  description.set("hidden_size", config.hidden_size);
  description.set("feed_forward_size", first.feed_forward.size);
  description.set("heads", first.attention.head_count);
  description.set("kv_heads", first.attention.kv_head_count);
  description.set("head_dim", first.attention.head_dim);
  description.set("vocabulary", config.vocabulary_size);
  description.set("context_length", config.context_length);
  description.set("tied_embeddings", config.tied_embeddings);
  description.set("chat_template", text.chat_template.has_value());
  description.set("total_bytes", checkpoint.total_bytes());
  description.set("bytes_per_token", checkpoint.bytes_per_token());
  description.set("head_bytes", checkpoint.head_bytes());
  description.set("layer_bytes", std::move(layer_bytes));
  return description;
}

Result<void> run_inspect(const InspectOptions& options) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(options.model);
  if (!found) return fail(found.error());
  auto checkpoint = Checkpoint::open(found->path);
  if (!checkpoint) return fail(checkpoint.error());
  auto text = load_text_assets(found->path);
  if (!text) return fail(text.error());
  const Value description = describe(*checkpoint, *text, found->path);
  if (options.json) {
    fmt::print("{}\n", format_json(description));
    return {};
  }
  for (const auto& [name, value] : *description.object()) fmt::print("{:<18} {}\n", name, format_json(value));
  return {};
}

}  // namespace

void add_inspect_command(CommandSet& commands) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = commands.root.add_subcommand("inspect", "what a model's files say of it");
  command->add_option("model", options->model, "name or path")->required();
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options, &commands] { commands.chosen = [options] { return run_inspect(*options); }; });
}

}  // namespace shoal
