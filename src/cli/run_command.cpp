// shoal run MODEL [--prompt TEXT] and shoal chat: one answer, or a conversation, streamed as it is made.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/log.h"
#include "base/os.h"
#include "cli/commands.h"
#include "cli/node_command.h"
#include "cli/running_node.h"
#include "client/api_client.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct RunOptions {
  NodeOptions node;
  std::string model;
  std::optional<std::string> prompt;
  std::optional<double> temperature;
  std::optional<double> min_p;
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> seed;
};

// One conversation with a node.
class Conversation {
 public:
  Conversation(const RunOptions& options, const ApiClientSettings& api,
               const std::optional<std::string>& model, std::stop_token stop)
      : options_(options), client_(api), model_(model), stop_(std::move(stop)) {
    if (!options.node.system_prompt.empty()) messages_.push_back({"system", options.node.system_prompt});
  }

  // Streams the answer to stdout, thinking to stderr. The answer becomes part of what is said next.
  Result<void> ask(const std::string& prompt) {
    messages_.push_back({"user", prompt});
    std::string answer;
    bool shows_comment = false;
    bool shows_thinking = false;
    const ChatProgress progress{.on_text =
                                    [&](std::string_view text) {
                                      if (std::exchange(shows_comment, false)) fmt::print(stderr, "\r\033[K");
                                      if (std::exchange(shows_thinking, false)) fmt::print(stderr, "\n\n");
                                      answer += text;
                                      std::fwrite(text.data(), 1, text.size(), stdout);
                                      std::fflush(stdout);
                                    },
                                .on_thinking =
                                    [&](std::string_view text) {
                                      if (std::exchange(shows_comment, false)) fmt::print(stderr, "\r\033[K");
                                      shows_thinking = true;
                                      const bool is_dim = os::stderr_is_terminal();
                                      fmt::print(stderr, "{}{}{}", is_dim ? "\033[2m" : "", text,
                                                 is_dim ? "\033[0m" : "");
                                    },
                                .on_comment =
                                    [&](std::string_view comment) {
                                      if (!os::stderr_is_terminal() || comment.empty()) return;
                                      fmt::print(stderr, "\r\033[K{}", comment);
                                      shows_comment = true;
                                    },
                                .is_cancelled = [this] { return stop_.stop_requested(); }};
    const ChatCall call{.model = model_,
                        .messages = messages_,
                        .temperature = options_.temperature,
                        .min_p = options_.min_p,
                        .max_tokens = options_.max_tokens,
                        .seed = options_.seed};
    auto outcome = client_.chat(call, progress);
    if (shows_comment) fmt::print(stderr, "\r\033[K");
    if (shows_thinking) fmt::print(stderr, "\n");
    if (!answer.empty()) fmt::print("\n");
    if (!outcome) {
      messages_.pop_back();
      return fail(outcome.error());
    }
    messages_.push_back({"assistant", answer});
    return {};
  }

  // A question a line, until the end of the input.
  Result<void> converse() {
    const bool terminal = os::stdin_is_terminal();
    if (terminal) fmt::print("Ctrl-D ends the conversation.\n");
    while (true) {
      if (terminal) {
        fmt::print("\n> ");
        std::fflush(stdout);
      }
      const auto line = os::read_line(stop_);
      if (!line) break;
      if (line->empty()) continue;
      if (auto answered = ask(*line); !answered) {
        if (!terminal) return answered;
        fmt::print(stderr, "shoal: {}\n", answered.error().message);
      }
    }
    if (terminal) fmt::print("\n");
    return {};
  }

 private:
  const RunOptions& options_;
  ApiClient client_;
  std::optional<std::string> model_;
  std::stop_token stop_;
  std::vector<ChatMessage> messages_;
};

Result<void> talk(const RunOptions& options, const ApiClientSettings& api,
                  const std::optional<std::string>& model, std::stop_token stop) {
  Conversation conversation(options, api, model, std::move(stop));
  return options.prompt ? conversation.ask(*options.prompt) : conversation.converse();
}

bool looks_like_path(const std::string& model) {
  return model.starts_with("/") || model.starts_with("./") || model.starts_with("../") ||
         model.ends_with(".gguf");
}

// A node of this process, for this one conversation.
Result<void> run_with_own_node(const RunOptions& options, NodeSettings settings, std::stop_token stop) {
  auto store = ModelStore::open(settings.folders);
  if (!store) return fail(store.error());
  auto model = store->find_model_or_path(options.model);
  if (!model) return fail(model.error());
  if (looks_like_path(options.model)) settings.extra_models.emplace_back(model->name, model->path);
  auto node = start_node(options.node, std::move(settings), stop);
  if (!node) return fail(node.error());
  ApiClientSettings api;
  api.port = (*node)->api_port();
  auto outcome = talk(options, api, model->name, stop);
  (*node)->stop();
  return outcome;
}

Result<void> run_model(const RunOptions& options) {
  options.node.tell_notices();
  auto settings = options.node.settings();
  if (!settings) return fail(settings.error());
  std::stop_source stop;
  const os::SignalWatch signals(stop);
  if (const auto running = find_running_node(options.node)) {
    if (looks_like_path(options.model)) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("node {} runs here already and takes no paths; give it the model by a name in {}, or "
                      "start another node on another --chatgpt-api-port",
                      running->node, settings->folders.downloads().string()));
    }
    log_debug(1, "asking node {} on port {}", running->node, running->api.port);
    return talk(options, running->api, options.model, stop.get_token());
  }
  return run_with_own_node(options, *std::move(settings), stop.get_token());
}

Result<void> chat(const RunOptions& options) {
  options.node.tell_notices();
  auto running = need_running_node(options.node);
  if (!running) return fail(running.error());
  std::stop_source stop;
  const os::SignalWatch signals(stop);
  const auto model = options.model.empty() ? std::nullopt : std::optional(options.model);
  return talk(options, running->api, model, stop.get_token());
}

void declare(CLI::App& command, RunOptions& options) {
  command.add_option("--prompt", options.prompt, "one question; without it, a conversation");
  command.add_option("--temp", options.temperature, "temperature")->check(CLI::Range(0.0, 100.0));
  command
      .add_option("--min-p", options.min_p,
                  "least share of the likeliest token's probability (the model's, else 0.1)")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--max-tokens", options.max_tokens, "tokens of an answer")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command.add_option("--seed", options.seed, "the same seed gives the same answer");
  command.fallthrough();
  command.footer(node_options_hint);
}

}  // namespace

Result<void> run_named_model(const NodeOptions& node, const std::string& model,
                             const std::optional<std::string>& prompt) {
  RunOptions options;
  options.node = node;
  options.model = model;
  options.prompt = prompt;
  return run_model(options);
}

void add_run_command(CommandSet& commands) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = commands.root.add_subcommand("run", "an answer, or a conversation, from a model");
  command->add_option("model", options->model, "name or path")->required();
  declare(*command, *options);
  command->callback([options, &commands] {
    commands.chosen = [options, &commands] {
      options->node = commands.node;
      return run_model(*options);
    };
  });
}

void add_chat_command(CommandSet& commands) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      commands.root.add_subcommand("chat", "a conversation with a node that runs on this machine");
  command->add_option("model", options->model, "name (default: the node's)");
  declare(*command, *options);
  command->callback([options, &commands] {
    commands.chosen = [options, &commands] {
      options->node = commands.node;
      return chat(*options);
    };
  });
}

}  // namespace shoal
