// shoal inspect MODEL: prints what the model's files say about it, with --tensors of each tensor.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "answers/text_assets.h"
#include "cli/commands.h"
#include "cli/tensor_list.h"
#include "json/value.h"
#include "kernels/kernels.h"
#include "model/architecture.h"
#include "model/checkpoint.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct InspectOptions {
  std::string model;
  bool json = false;
  bool tensors = false;
};

int64_t kv_bytes_per_token(const ModelConfig& config) {
  int64_t page_bytes = 0;
  for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
    page_bytes += make_layer(config, layer)->needs(KvType::f16).kv_page_bytes;
  }
  return page_bytes / kv_page_tokens;
}

void describe_experts(const ModelConfig& config, Value& description) {
  const auto mixed =
      std::ranges::find_if(config.layers, [](const LayerSpec& layer) { return layer.experts.has_value(); });
  if (mixed == config.layers.end()) return;
  description.set("experts", mixed->experts->count);
  description.set("experts_per_token", mixed->experts->used);
  description.set("expert_size", mixed->experts->size);
  description.set("shared_expert_size", mixed->experts->shared_size);
}

Value describe_tensors(const Checkpoint& checkpoint) {
  Value::Array tensors;
  for (const ListedTensor& listed : list_tensors(checkpoint)) {
    Value tensor((Value::Object()));
    tensor.set("name", listed.name);
    tensor.set("format", listed.format);
    tensor.set("shape", Value::Array(listed.shape.begin(), listed.shape.end()));
    tensor.set("bits_per_weight", listed.bits_per_weight());
    tensor.set("group", listed.group);
    tensor.set("bytes", listed.bytes);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void print_tensors(const Checkpoint& checkpoint) {
  for (const ListedTensor& listed : list_tensors(checkpoint)) {
    fmt::print("{:<52} {:<28} {:>6.3f} bits {:>14} bytes  {}\n", listed.name, listed.format,
               listed.bits_per_weight(), listed.bytes, fmt::join(listed.shape, " x "));
  }
}

Value describe(const Checkpoint& checkpoint, const std::filesystem::path& path, bool has_chat_template) {
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
  describe_experts(config, description);
  description.set("vocabulary", config.vocabulary_size);
  description.set("context_length", config.context_length);
  description.set("tied_embeddings", config.tied_embeddings);
  description.set("chat_template", has_chat_template);
  description.set("total_bytes", checkpoint.total_bytes());
  description.set("bytes_per_token", checkpoint.bytes_per_token());
  description.set("kv_bytes_per_token", kv_bytes_per_token(config));
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
  if (!text && text.error().code != ErrorCode::not_found) return fail(text.error());
  const bool has_chat_template = text && text->chat_template;
  Value description = describe(*checkpoint, found->path, has_chat_template);
  if (options.json) {
    if (options.tensors) description.set("tensors", describe_tensors(*checkpoint));
    fmt::print("{}\n", format_json(description));
    return {};
  }
  for (const auto& [name, value] : *description.object()) fmt::print("{:<18} {}\n", name, format_json(value));
  if (options.tensors) print_tensors(*checkpoint);
  return {};
}

}  // namespace

void add_inspect_command(CommandSet& commands) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = commands.root.add_subcommand("inspect", "what a model's files say of it");
  command->add_option("model", options->model, "name or path")->required();
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("--tensors", options->tensors, "each tensor's format, size and shape, too");
  command->callback([options, &commands] { commands.chosen = [options] { return run_inspect(*options); }; });
}

}  // namespace shoal
