// One file for each command: it declares its options on the command line and says what is done when it is
// chosen.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace CLI {
class App;
}

namespace shoal {

struct NodeOptions;

using CommandAction = std::function<Result<void>()>;

// The command line as it is being declared and read.
struct CommandSet {
  CLI::App& root;
  NodeOptions& node;     // of the root; a command that is about nodes falls through to them
  CommandAction chosen;  // set by the command that was typed
};

// Below the help of commands that fall through.
inline constexpr const char* node_options_hint =
    "A node's options, which `shoal --help` lists, are taken as well.";

// What `shoal run MODEL --prompt PROMPT` does; without a prompt, a conversation.
Result<void> run_named_model(const NodeOptions& node, const std::string& model,
                             const std::optional<std::string>& prompt);

void add_run_command(CommandSet& commands);
void add_chat_command(CommandSet& commands);
void add_status_command(CommandSet& commands);
void add_unload_command(CommandSet& commands);
void add_bench_command(CommandSet& commands);
void add_logits_command(CommandSet& commands);
void add_perplexity_command(CommandSet& commands);
void add_tokenize_command(CommandSet& commands);
void add_detokenize_command(CommandSet& commands);
void add_render_command(CommandSet& commands);
void add_inspect_command(CommandSet& commands);
void add_models_command(CommandSet& commands);

}  // namespace shoal
