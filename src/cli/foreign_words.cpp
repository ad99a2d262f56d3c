#include "cli/foreign_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <span>

#include "base/similar.h"
#include "base/version.h"
#include "cli/node_command.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct Alias {
  const char* word;
  const char* command;
};
constexpr Alias aliases[] = {{"list", "models"}, {"ls", "models"},   {"ps", "status"},
                             {"top", "status"},  {"stop", "unload"}, {"show", "inspect"}};

struct Refusal {
  const char* word;
  const char* text;
};
constexpr Refusal refusals[] = {
    {"eval", "Shoal runs models, it neither trains nor evaluates them"},
    {"train", "Shoal runs models, it neither trains nor evaluates them"},
    {"create",
     "Shoal makes no models; a GGUF file or a Hugging Face folder works as it is (`shoal run PATH`)"},
    {"push", "Shoal sends no models anywhere"},
    {"cp", "models are files; copy the folder (`shoal models` shows where it is)"},
    {"rm",
     "Shoal deletes no files; `shoal models` shows where a model is, and `shoal unload MODEL` frees its "
     "memory"},
    {"signin", "there are no accounts; Shoal runs on your own machines only"},
    {"signout", "there are no accounts; Shoal runs on your own machines only"},
    {"login", "there are no accounts; Shoal runs on your own machines only"}};

// Adds a command that --help does not list; arguments behind it are its own.
CLI::App* add_hidden(CommandSet& commands, const char* word) {
  return commands.root.add_subcommand(word, "")->group("");
}

// `shoal serve` and the like, which other programs have, mean `shoal`.
void add_node_words(CommandSet& commands) {
  for (const char* word : {"serve", "start", "launch"}) {
    CLI::App* command = add_hidden(commands, word);
    command->fallthrough();
    command->callback([&commands] { commands.chosen = [&commands] { return run_node(commands.node); }; });
  }
}

// Models are not fetched yet, so this says where the model is, or how to get it.
Result<void> tell_of_model(const std::string& name) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto path = store->find_model(name);
  if (!path) return fail(path.error());
  fmt::print("{} is here already: {}\n", name, path->string());
  return {};
}

void add_pull(CommandSet& commands) {
  for (const char* word : {"pull", "download"}) {
    CLI::App* command = add_hidden(commands, word);
    auto model = std::make_shared<std::string>();
    command->add_option("model", *model, "name")->required();
    command->callback([model, &commands] { commands.chosen = [model] { return tell_of_model(*model); }; });
  }
}

std::vector<const CLI::App*> all_commands(const CLI::App& root) {
  return root.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* find_command(const CLI::App& root, const std::string& word) {
  for (const CLI::App* command : all_commands(root)) {
    if (command->check_name(word)) return command;
  }
  return nullptr;
}

std::vector<std::string> names_of_commands(const CLI::App& root) {
  std::vector<std::string> names;
  for (const CLI::App* command : all_commands(root)) {
    names.push_back(command->get_name());
    for (const std::string& alias : command->get_aliases()) names.push_back(alias);
  }
  return names;
}

std::string explain_command(const CLI::App& root, const std::string& word) {
  const std::vector<std::string> names = names_of_commands(root);
  if (find_similar(word, names)) {
    return fmt::format("there is no command {}{} `shoal --help` lists them", word, did_you_mean(word, names));
  }
  return fmt::format(
      "there is no command {}; `shoal --help` lists them, and `shoal run {}` talks to a model of that name",
      word, word);
}

void add_help_and_version(CommandSet& commands) {
  CLI::App* help = add_hidden(commands, "help");
  auto word = std::make_shared<std::string>();
  help->add_option("command", *word, "of which help is wanted");
  help->callback([word, &commands] {
    commands.chosen = [word, &commands]() -> Result<void> {
      if (word->empty()) {  // App::help() would print the help of this command
        const CLI::App& root = commands.root;
        fmt::print("{}", root.get_formatter()->make_help(&root, root.get_name(), CLI::AppFormatMode::Normal));
        return {};
      }
      const CLI::App* about = find_command(commands.root, *word);
      if (about == nullptr) return fail(ErrorCode::invalid_argument, explain_command(commands.root, *word));
      fmt::print("{}", about->help(commands.root.get_name()));
      return {};
    };
  });
  add_hidden(commands, "version")->callback([&commands] {
    commands.chosen = [] {
      fmt::print("shoal {}\n", shoal_version());
      return Result<void>();
    };
  });
}

void add_refusals(CommandSet& commands) {
  for (const Refusal& refusal : refusals) {
    CLI::App* command = add_hidden(commands, refusal.word)->prefix_command();
    command->callback([&commands, &refusal] {
      commands.chosen = [&refusal] {
        return Result<void>(
            fail(ErrorCode::invalid_argument, fmt::format("{}: {}", refusal.word, refusal.text)));
      };
    });
  }
}

void add_flags_of(const CLI::App& app, std::vector<std::string>& flags) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
}

}  // namespace

void add_foreign_words(CommandSet& commands) {
  for (const Alias& alias : aliases) commands.root.get_subcommand(alias.command)->alias(alias.word);
  add_node_words(commands);
  add_pull(commands);
  add_help_and_version(commands);
  add_refusals(commands);
}

std::string explain_unexpected(const CLI::App& root, const std::vector<std::string>& unexpected) {
  const std::string& first = unexpected.front();
  const std::vector<CLI::App*> typed = const_cast<CLI::App&>(root).get_subcommands();
  const CLI::App* command = typed.empty() ? nullptr : typed.front();
  if (first.starts_with("-") && first.size() > 1) {
    std::vector<std::string> flags;
    if (command != nullptr) add_flags_of(*command, flags);
    add_flags_of(root, flags);
    const std::string flag = first.substr(0, first.find('='));
    const std::string where = command == nullptr ? "" : fmt::format(" {}", command->get_name());
    return fmt::format("there is no option {}{}{} `shoal{} --help` lists them", flag,
                       did_you_mean(flag, flags), find_similar(flag, flags) ? "" : ";", where);
  }
  if (command != nullptr) {
    return fmt::format("{} takes no '{}'; `shoal {} --help` says what it takes", command->get_name(),
                       fmt::join(unexpected, " "), command->get_name());
  }
  return explain_command(root, first);
}

}  // namespace shoal
