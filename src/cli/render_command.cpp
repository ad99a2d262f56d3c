// shoal render MODEL --messages FILE.json: the prompt that a chat becomes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/json_files.h"
#include "store/model_store.h"
#include "text/text_assets.h"

namespace shoal {
namespace {

struct RenderOptions {
  std::string model;
  std::string messages_file;
  bool no_generation_prompt = false;
  bool json = false;
};

// The file is an array of messages, or an object with `messages` and whatever else the template is to see.
Result<Value> read_context(const RenderOptions& options) {
  auto file = read_json_file(options.messages_file);
  if (!file) return fail(file.error());
  Value context = file->object() != nullptr ? *file : Value(Value::Object{{"messages", *file}});
  const Value* messages = context.find("messages");
  if (messages == nullptr || messages->array() == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: an array of messages is expected, or an object with `messages`",
                            options.messages_file));
  }
  if (context.find("add_generation_prompt") == nullptr) {
    context.set("add_generation_prompt", Value(!options.no_generation_prompt));
  }
  return context;
}

Result<void> run_render(const RenderOptions& options) {
  auto context = read_context(options);
  if (!context) return fail(context.error());
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(options.model);
  if (!found) return fail(found.error());
  auto assets = load_text_assets(found->path);
  if (!assets) return fail(assets.error());
  auto text = assets->render_chat(*context);
  if (!text) return fail(text.error());
  if (!options.json) {
    std::fwrite(text->data(), 1, text->size(), stdout);
    return {};
  }
  auto tokens = assets->chat_prompt(*context);
  if (!tokens) return fail(tokens.error());
  fmt::print("{{\"text\": {}, \"ids\": [{}]}}\n", format_json(Value(*text)), fmt::join(*tokens, ", "));
  return {};
}

}  // namespace

void add_render_command(CommandSet& commands) {
  auto options = std::make_shared<RenderOptions>();
  CLI::App* command =
      commands.root.add_subcommand("render", "the prompt that a chat becomes by the model's template");
  command->add_option("model", options->model, "name or path")->required();
  command->add_option("--messages", options->messages_file, "JSON file with the messages")->required();
  command->add_flag("--no-generation-prompt", options->no_generation_prompt,
                    "do not open the assistant's answer");
  command->add_flag("--json", options->json, "text and ids as JSON");
  command->callback([options, &commands] { commands.chosen = [options] { return run_render(*options); }; });
}

}  // namespace shoal
