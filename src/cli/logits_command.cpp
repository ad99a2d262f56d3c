// shoal logits MODEL --ids FILE.json --out OUT.safetensors
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "cli/commands.h"
#include "cli/json_files.h"
#include "cli/local_model.h"
#include "cli/option_values.h"
#include "files/safetensors.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct LogitsOptions {
  std::string model;
  std::string ids_file;
  std::string out_file;
  int64_t chunk = 512;
  ArithmeticOptions arithmetic;
};

struct Inside {
  std::vector<float> logits;               // [tokens, vocabulary]
  std::vector<std::vector<float>> hidden;  // by layer: [tokens, hidden_size]
};

Result<Inside> run(LocalModel& model, const std::vector<TokenId>& tokens, int64_t chunk) {
  Inside inside;
  inside.hidden.resize(static_cast<size_t>(model.config().layer_count()));
  model.observe_layers([&](int64_t layer, std::span<const float> rows) {
    auto& all = inside.hidden[static_cast<size_t>(layer)];
    all.insert(all.end(), rows.begin(), rows.end());
  });
  auto logits = model.run_sequence(tokens, chunk);
  model.observe_layers({});
  if (!logits) return fail(logits.error());
  inside.logits = *std::move(logits);
  return inside;
}

Result<void> write(const Inside& inside, int64_t token_count, const ModelConfig& config,
                   const std::string& path) {
  std::vector<TensorToWrite> tensors;
  tensors.push_back({.name = "logits",
                     .type = DType::f32,
                     .shape = {token_count, config.vocabulary_size},
                     .data = std::as_bytes(std::span(inside.logits))});
  for (size_t layer = 0; layer < inside.hidden.size(); ++layer) {
    tensors.push_back({.name = fmt::format("hidden.{}", layer),
                       .type = DType::f32,
                       .shape = {token_count, config.hidden_size},
                       .data = std::as_bytes(std::span(inside.hidden[layer]))});
  }
  auto bytes = format_safetensors(tensors);
  if (!bytes) return fail(bytes.error());
  std::ofstream file(path, std::ios::binary);
  file << *bytes;
  file.close();
  if (!file) return fail(ErrorCode::unavailable, fmt::format("cannot write {}", path));
  return {};
}

Result<void> run_logits(const LogitsOptions& options) {
  auto tokens = read_token_file(options.ids_file);
  if (!tokens) return fail(tokens.error());
  if (tokens->empty())
    return fail(ErrorCode::invalid_argument, fmt::format("{} holds no ids", options.ids_file));
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(options.model);
  if (!found) return fail(found.error());
  auto settings = options.arithmetic.settings();
  if (!settings) return fail(settings.error());
  settings->row_limit = options.chunk;
  auto model = LocalModel::load(found->path, *settings);
  if (!model) return fail(model.error());
  auto inside = run(**model, *tokens, options.chunk);
  if (!inside) return fail(inside.error());
  return write(*inside, static_cast<int64_t>(tokens->size()), (*model)->config(), options.out_file);
}

}  // namespace

void add_logits_command(CommandSet& commands) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App* command =
      commands.root.add_subcommand("logits", "logits and hidden states of some tokens, into a file");
  command->add_option("model", options->model, "name or path")->required();
  command->add_option("--ids", options->ids_file, "JSON file with an array of token ids")->required();
  command->add_option("--out", options->out_file, "safetensors file to write")->required();
  command->add_option("--chunk", options->chunk, "tokens of one step")->check(CLI::Range(1, 1 << 20));
  options->arithmetic.declare(*command);
  command->callback([options, &commands] { commands.chosen = [options] { return run_logits(*options); }; });
}

}  // namespace shoal
