#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/log.h"
#include "base/os.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/node_command.h"

namespace shoal {
namespace {

constexpr int status_failed = 1;
constexpr int status_misused = 2;

int report(const Error& error) {
  fmt::print(stderr, "shoal: {}\n", error.message);
  return error.code == ErrorCode::invalid_argument ? status_misused : status_failed;
}

// DEBUG=0…9, as exo has it.
Result<void> read_debug_level() {
  const auto text = os::environment("DEBUG");
  if (!text || text->empty()) return {};
  if (text->size() != 1 || text->front() < '0' || text->front() > '9') {
    return fail(ErrorCode::invalid_argument, fmt::format("DEBUG={}: a level from 0 to 9 is expected", *text));
  }
  set_log_level(text->front() - '0');
  return {};
}

// Without a command the program is a node; exo's --run-model names a model to talk to instead.
void declare_node(CommandSet& commands, NodeOptions& node, std::string& run_model, std::string& prompt) {
  node.declare(commands.root);
  commands.root.add_option("--run-model", run_model, "as `shoal run`");
  commands.root.add_option("--prompt", prompt, "one question, with --run-model");
  commands.root.callback([&] {
    if (!commands.root.get_subcommands().empty()) return;
    commands.chosen = [&] {
      return run_model.empty() ? run_node(node) : run_named_model(node, run_model, prompt);
    };
  });
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App root("Runs one language model over several machines.", "shoal");
  root.set_version_flag("--version", fmt::format("shoal {}", shoal_version()));
  root.option_defaults()->always_capture_default(false);
  root.require_subcommand(0, 1);
  CommandSet commands{.root = root, .chosen = {}};
  NodeOptions node;
  std::string run_model, prompt;
  declare_node(commands, node, run_model, prompt);
  add_run_command(commands);
  add_chat_command(commands);
  add_status_command(commands);
  add_logits_command(commands);
  add_perplexity_command(commands);
  add_tokenize_command(commands);
  add_detokenize_command(commands);
  add_render_command(commands);
  add_inspect_command(commands);
  add_models_command(commands);
  add_unload_command(commands);
  add_bench_command(commands);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : status_misused;
  }
  const Result<void> outcome = commands.chosen();
  return outcome ? 0 : report(outcome.error());
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  if (auto level = read_debug_level(); !level) return report(level.error());
  return parse_and_run(argc, argv);
}

}  // namespace shoal
