// Each command has a file that declares its options on the command line and says what is done when it is
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

// The command line while it is being declared and read.
struct CommandSet {
  CLI::App& root;
  NodeOptions& node;     // the root's options; commands about nodes take them, too
  CommandAction chosen;  // set by the command that was typed
};

// Stands below the help of commands that take the root's options, too.
inline constexpr const char* node_options_hint =
    "A node's options, which `shoal --help` lists, are taken as well.";

// Does what `shoal run MODEL --prompt PROMPT` does; without a prompt, holds a conversation.
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
