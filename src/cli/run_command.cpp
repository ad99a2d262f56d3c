// shoal run MODEL [--prompt TEXT] and shoal chat: stream one answer, or hold a conversation.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/log.h"
#include "base/os.h"
#include "base/terminal.h"
#include "cli/commands.h"
#include "cli/conversation.h"
#include "cli/node_command.h"
#include "cli/running_node.h"
#include "client/api_client.h"
#include "json/members.h"
#include "store/model_store.h"

namespace shoal {
namespace {

struct RunOptions {
  NodeOptions node;
  std::string model;
  std::optional<std::string> prompt;
  std::vector<std::string> words;  // a prompt given without --prompt
  std::optional<double> temperature;
  std::optional<double> min_p;
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> seed;
  bool is_verbose = false;
};

// Reads everything that is piped in, unchanged.
Result<std::string> read_piped_text(const std::stop_token& stop) {
  constexpr size_t limit = 32 << 20;  // bytes; a node takes no more
  constexpr int patience = 20;        // of 100 ms
  std::string text;
  int waited = 0;
  while (!stop.stop_requested()) {
    if (!os::wait_for_input(std::chrono::milliseconds(100))) {
      if (++waited == patience && text.empty()) {
        log_notice("the prompt is read from standard input until that ends; </dev/null is none");
      }
      continue;
    }
    const std::string more = os::read_input();
    if (more.empty()) return text;
    text += more;
    if (text.size() > limit) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("standard input has more than {} bytes, which is no prompt", limit));
    }
  }
  return fail(ErrorCode::cancelled, "stopped while standard input was read");
}

// The one question that is asked: what is piped in, --prompt and the words behind the model, joined with
// blanks as Ollama does. nullopt when there is none of them, so that a conversation is held.
Result<std::optional<std::string>> read_question(const RunOptions& options, const std::stop_token& stop) {
  std::string question;
  const auto join = [&question](const std::string& part) {
    if (!question.empty() && !part.empty()) question += ' ';
    question += part;
  };
  const bool is_piped = !os::stdin_is_terminal();
  if (is_piped) {
    auto piped = read_piped_text(stop);
    if (!piped) return fail(piped.error());
    question = *std::move(piped);
  }
  const bool is_alone = !options.prompt && options.words.empty();
  while (is_alone && (question.ends_with('\n') || question.ends_with('\r'))) question.pop_back();
  if (options.prompt) join(*options.prompt);
  for (const std::string& word : options.words) join(word);
  if (is_alone && !is_piped) return std::optional<std::string>();
  if (question.find_first_not_of(" \t\r\n") != std::string::npos || !is_alone) return std::optional(question);
  return fail(ErrorCode::invalid_argument,
              "there is no question: standard input is empty; write one behind the model, with --prompt, or "
              "pipe it in");
}

Result<void> talk(const RunOptions& options, const std::optional<std::string>& question,
                  const ApiClientSettings& api, const std::optional<std::string>& model,
                  std::stop_token stop) {
  const ChatCall call{.model = model,
                      .messages = {},
                      .temperature = options.temperature,
                      .min_p = options.min_p,
                      .max_tokens = options.max_tokens,
                      .seed = options.seed};
  Conversation conversation(
      {.call = call, .system_prompt = options.node.system_prompt, .tells_speed = options.is_verbose}, api,
      std::move(stop));
  return question ? conversation.ask(*question) : conversation.converse();
}

bool looks_like_path(const std::string& model) {
  return model.starts_with("/") || model.starts_with("./") || model.starts_with("../") ||
         model.ends_with(".gguf");
}

// Runs a node in this process for this one conversation.
Result<void> run_with_own_node(const RunOptions& options, const std::optional<std::string>& question,
                               NodeSettings settings, std::stop_token stop) {
  auto store = ModelStore::open(settings.folders);
  if (!store) return fail(store.error());
  auto model = store->find_model_or_path(options.model);
  if (!model) return fail(model.error());
  if (looks_like_path(options.model)) settings.extra_models.emplace_back(model->name, model->path);
  if (options.node.alone) {
    settings.api_host = "127.0.0.1";
    settings.api_port = 0;
  } else if (settings.discovery.module != DiscoveryModule::none) {
    fmt::print(
        stderr,
        "no node runs on this machine: one is started, which joins the cluster of this network (--alone "
        "keeps it out)\n");
  }
  auto node = start_node(options.node, std::move(settings), stop);
  if (!node) return fail(node.error());
  ApiClientSettings api;
  api.port = (*node)->api_port();
  auto outcome = talk(options, question, api, model->name, stop);
  (*node)->stop();
  return outcome;
}

// The name by which the node knows the files at this path; nullopt when it does not know them.
std::optional<std::string> name_at(const std::string& path, const StoreFolders& folders,
                                   const ApiClient& client) {
  const auto store = ModelStore::open(folders);
  const auto meant = store ? store->find_model_or_path(path) : fail(store.error());
  const auto served = get_json(client, "/v1/models");
  const Value* data = served ? served->find("data") : nullptr;
  if (!meant || data == nullptr || data->array() == nullptr) return std::nullopt;
  for (const ModelOnDisk& model : store->list_models()) {
    std::error_code error;
    if (!std::filesystem::equivalent(model.path, meant->path, error)) continue;
    for (const Value& entry : *data->array()) {
      if (text_member(entry, "id") == model.name) return model.name;
    }
  }
  return std::nullopt;
}

Result<void> run_with_running_node(const RunOptions& options, const std::optional<std::string>& question,
                                   const RunningNode& running, NodeSettings settings, std::stop_token stop) {
  log_debug(1, "asking node {} on port {}", running.node, running.api.port);
  if (!looks_like_path(options.model)) return talk(options, question, running.api, options.model, stop);
  const auto name = name_at(options.model, settings.folders, ApiClient(running.api));
  if (name) return talk(options, question, running.api, *name, stop);
  fmt::print(stderr, "node {} does not know this path: the answer comes from this process alone\n",
             running.node);
  settings.node.clear();
  settings.peer_host = settings.api_host = "127.0.0.1";
  settings.peer_port = settings.api_port = 0;
  settings.discovery.module = DiscoveryModule::none;
  return run_with_own_node(options, question, std::move(settings), stop);
}

Result<void> run_model(const RunOptions& options) {
  options.node.tell_notices();
  auto settings = options.node.settings();
  if (!settings) return fail(settings.error());
  std::stop_source stop;
  const os::SignalWatch signals(stop);
  const auto question = read_question(options, stop.get_token());
  if (!question) return fail(question.error());
  const auto running = options.node.alone ? std::nullopt : find_running_node(options.node);
  if (running) {
    return run_with_running_node(options, *question, *running, *std::move(settings), stop.get_token());
  }
  return run_with_own_node(options, *question, *std::move(settings), stop.get_token());
}

Result<void> chat(const RunOptions& options) {
  options.node.tell_notices();
  auto running = need_running_node(options.node);
  if (!running) return fail(running.error());
  std::stop_source stop;
  const os::SignalWatch signals(stop);
  const auto question = read_question(options, stop.get_token());
  if (!question) return fail(question.error());
  const auto model = options.model.empty() ? std::nullopt : std::optional(options.model);
  return talk(options, *question, running->api, model, stop.get_token());
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
  command.add_flag("--verbose", options.is_verbose, "tell the speed also where no terminal is");
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
  command->add_option("prompt", options->words, "one question, as --prompt");
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
