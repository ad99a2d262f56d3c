#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "base/log.h"
#include "base/os.h"
#include "base/printable.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/foreign_words.h"
#include "cli/node_command.h"
#include "cli/option_values.h"

namespace shoal {
namespace {

constexpr int status_failed = 1;
constexpr int status_misused = 2;

int report(const Error& error) {
  std::fputs(fmt::format("shoal: {}\n", printable(error.message)).c_str(), stderr);  // fmt::print may throw
  return error.code == ErrorCode::invalid_argument ? status_misused : status_failed;
}

// Reads DEBUG=0…9, as exo does. Many programs read DEBUG and mean other things by it, so any other value is
// no error.
void read_debug_level(std::vector<std::string>& notices) {
  const std::string text = os::environment("DEBUG").value_or("");
  if (text.empty()) return;
  if (const auto level = parse_log_level(text)) return set_log_level(*level);
  notices.push_back(fmt::format("DEBUG={} is no level from 0 to 9; it changes nothing", text));
}

// Without a command the program is a node; exo's --run-model names a model to talk to instead.
void declare_node(CommandSet& commands, std::string& run_model, std::optional<std::string>& prompt) {
  commands.node.declare(commands.root);
  commands.root.add_option("--run-model", run_model, "as `shoal run`");
  commands.root.add_option("--prompt", prompt, "one question, with --run-model");
  commands.root.callback([&] {
    if (!commands.root.get_subcommands().empty()) return;
    commands.chosen = [&] {
      return run_model.empty() ? run_node(commands.node) : run_named_model(commands.node, run_model, prompt);
    };
  });
}

// The arguments that no option or command takes, in the order in which they were typed.
std::vector<std::string> unexpected_arguments(const CLI::App& root, int argc, const char* const* argv) {
  const std::vector<std::string> left = root.remaining(/*recurse=*/true);
  std::vector<std::string> unexpected;
  for (int i = 1; i < argc; ++i) {
    if (std::ranges::find(left, argv[i]) != left.end()) unexpected.emplace_back(argv[i]);
  }
  return unexpected.empty() ? left : unexpected;
}

// Makes sure that everything printed has been written.
Result<void> flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(ErrorCode::unavailable, fmt::format("standard output: {}", std::strerror(errno)));
}

// Runs the command. fmt::print throws when it cannot write, the standard library when it cannot start a
// thread.
Result<void> run_chosen(const CommandSet& commands) {
  try {
    if (auto outcome = commands.chosen(); !outcome) return outcome;
    return flush_output();
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) return fail(os::no_more_threads(error));
    return fail(ErrorCode::unavailable, fmt::format("standard output: {}", error.what()));
  }
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App root("Runs one language model over several machines.", "shoal");
  root.set_version_flag("--version", fmt::format("shoal {}", shoal_version()));
  root.option_defaults()->always_capture_default(false);
  root.require_subcommand(0, 1);
  NodeOptions node;
  read_debug_level(node.notices);
  CommandSet commands{.root = root, .node = node, .chosen = {}};
  std::string run_model;
  std::optional<std::string> prompt;
  declare_node(commands, run_model, prompt);
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
  add_foreign_words(commands);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return report(
        {ErrorCode::invalid_argument, explain_unexpected(root, unexpected_arguments(root, argc, argv))});
  } catch (const CLI::ParseError& error) {
    if (root.exit(error) != 0) return status_misused;
    const Result<void> printed = flush_output();
    return printed ? 0 : report(printed.error());
  }
  const Result<void> outcome = run_chosen(commands);
  return outcome ? 0 : report(outcome.error());
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  os::end_on_signals();
  os::end_where_memory_is_out();
  os::make_standard_streams_wait();
  return parse_and_run(argc, argv);
}

}  // namespace shoal
