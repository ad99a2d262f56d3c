// shoal render MODEL --messages FILE.json: prints the prompt that a chat becomes.
// shoal render --template T.jinja --context C.json: prints what a template makes of a context.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "answers/text_assets.h"
#include "base/os.h"
#include "cli/commands.h"
#include "cli/json_files.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct RenderOptions {
  std::string model;
  std::string messages_file;
  std::string template_file;
  std::string context_file;
  bool no_generation_prompt = false;
  bool json = false;
};

// The file is an array of messages, or an object with `messages` and whatever else the template should see.
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

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Adds nothing to the context or to the result.
Result<void> render_template(const RenderOptions& options) {
  if (!options.model.empty() || !options.messages_file.empty() || options.context_file.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--template goes with --context, not with a model and its --messages");
  }
  auto source = os::read_text_file(options.template_file);
  if (!source) return fail(source.error());
  auto context = read_json_file(options.context_file);
  if (!context) return fail(context.error());
  auto parsed = ChatTemplate::parse(*source);
  if (!parsed) return fail(parsed.error(), options.template_file);
  auto text = parsed->render(*context);
  if (!text) return fail(text.error(), options.template_file);
  if (options.json) {
    fmt::print("{{\"text\": {}}}\n", format_json(Value(*text)));
  } else {
    print(*text);
  }
  return {};
}

// Also finds a folder that has a tokenizer and its configuration but is no whole model.
Result<TextAssets> find_text_assets(const std::string& model) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(model);
  if (found) return load_text_assets(found->path);
  std::error_code ignored;
  if (std::filesystem::is_directory(model, ignored)) {
    if (auto assets = load_text_assets(model)) return assets;
  }
  return fail(found.error());
}

Result<void> run_render(const RenderOptions& options) {
  if (!options.template_file.empty()) return render_template(options);
  if (options.model.empty() || options.messages_file.empty() || !options.context_file.empty()) {
    return fail(ErrorCode::invalid_argument,
                "a model and --messages are needed, or --template and --context");
  }
  auto context = read_context(options);
  if (!context) return fail(context.error());
  auto assets = find_text_assets(options.model);
  if (!assets) return fail(assets.error());
  auto text = assets->render_chat(*context);
  if (!text) return fail(text.error());
  if (!options.json) {
    print(*text);
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
  command->add_option("model", options->model, "name or path");
  command->add_option("--messages", options->messages_file, "JSON file with the messages");
  command->add_option("--template", options->template_file, "a chat template instead of a model's");
  command->add_option("--context", options->context_file, "JSON file with all that the template sees");
  command->add_flag("--no-generation-prompt", options->no_generation_prompt,
                    "do not open the assistant's answer");
  command->add_flag("--json", options->json, "text and ids as JSON");
  command->callback([options, &commands] { commands.chosen = [options] { return run_render(*options); }; });
}

}  // namespace shoal
