#include "cli/options_without_effect.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace shoal {
namespace {

struct Leftover {
  const char* name;
  const char* why;
};

constexpr const char* no_engine_choice = "the CPU engine is the only one of this build";
constexpr const char* no_downloads = "nothing is downloaded yet";
constexpr const char* no_training = "Shoal neither trains nor evaluates models";
constexpr const char* no_tailscale =
    "discovery by Tailscale is not there yet; --discovery-module manual takes Tailscale's addresses";
constexpr const char* no_speculation =
    "speculative decoding is not there yet; answers are the same without it";
constexpr const char* no_master = "no node is a master here";

constexpr Leftover flags[] = {
    {"--download-quick-check", no_downloads},
    {"--no-downloads", no_downloads},
    {"--offline", no_downloads},
    {"-m,--force-master", no_master},
    {"--no-api", "every node answers the API; --api-host 127.0.0.1 keeps it to this machine"},
    {"--no-worker", "every node holds layers; --memory-limit says how much of them"},
    {"--fast-synch", no_engine_choice},
    {"--no-fast-synch", no_engine_choice},
    {"--enable-speculative", no_speculation},
};

constexpr Leftover options[] = {
    {"--max-parallel-downloads", no_downloads},
    {"--resume-checkpoint", no_training},
    {"--iters", no_training},
    {"--save-every", no_training},
    {"--data", no_training},
    {"--batch-size", no_training},
    {"--save-checkpoint-dir", no_training},
    {"--tailscale-api-key", no_tailscale},
    {"--tailnet-name", no_tailscale},
    {"--libp2p-port", "--node-port names the port for peers, --listen-port that of discovery"},
    {"--bootstrap-peers", "--discovery-module manual with --discovery-config-path takes peers' addresses"},
    {"--draft-model", no_speculation},
    {"--draft-tokens", no_speculation},
    {"--speculative-threshold", no_speculation},
    {"--max-speculation-depth", no_speculation},
};

// Variables that do not begin with EXO_.
constexpr Leftover variables[] = {
    {"DEBUG_DISCOVERY", "DEBUG=0…9 is the log level of everything"},
    {"TINYGRAD_DEBUG", no_engine_choice},
    {"SHARD_KVCACHE", no_engine_choice},
    {"WQKV", no_engine_choice},
    {"SUPPORT_BF16", no_engine_choice},
    {"CLANG", no_engine_choice},
    {"VISIBLE_DEVICES", no_engine_choice},
    {"TEMPERATURE", "--default-temp is the temperature of requests that name none"},
    {"TAILSCALE_API_KEY", no_tailscale},
    {"TAILSCALE_TAILNET", no_tailscale},
};

// EXO_… variables of the second generation; one that is not listed here is reported without a reason.
constexpr Leftover exo_variables[] = {
    {"OFFLINE", no_downloads},
    {"FAST_SYNCH", no_engine_choice},
    {"LIBP2P_NAMESPACE", "--node-id-filter says which nodes are peers"},
    {"BOOTSTRAP_PEERS", "--discovery-module manual with --discovery-config-path takes peers' addresses"},
    {"ZENOH_CONNECT", "--discovery-module manual with --discovery-config-path takes peers' addresses"},
    {"MODELS_DIR", "models are looked for in $SHOAL_HOME/downloads"},
    {"MODELS_PATH", "models are looked for in $SHOAL_HOME/downloads"},
    {"TRACING_ENABLED", "--trace FILE writes the times of all steps"},
};

// Variables that are not options: folders, and what tests use.
constexpr std::string_view other_known[] = {"HOME",       "ISA",         "NOW",    "PROGRAM",
                                            "TEST_DATA",  "MODEL_CACHE", "MATRIX", "TEST_TIMEOUT",
                                            "SOURCE_DIR", "VERSION"};

std::string nothing(std::string_view name, std::string_view why) {
  return why.empty() ? fmt::format("{} does nothing in Shoal", name)
                     : fmt::format("{} does nothing in Shoal: {}", name, why);
}

template <size_t count>
const Leftover* find(const Leftover (&list)[count], std::string_view name) {
  const auto* found = std::ranges::find_if(list, [&](const Leftover& entry) { return entry.name == name; });
  return found == std::end(list) ? nullptr : found;
}

// Declares --inference-engine, which notes an engine that we do not have.
void declare_engine(CLI::App& command, const std::function<void(std::string)>& note) {
  command
      .add_option_function<std::string>(
          "--inference-engine",
          [note](const std::string& engine) {
            if (engine != "cpu") {
              note(fmt::format("--inference-engine {}: not in this build, the CPU engine is used", engine));
            }
          },
          "cpu")
      ->check(CLI::IsMember({"cpu", "mlx", "tinygrad", "dummy"}));
}

}  // namespace

void declare_options_without_effect(CLI::App& command, std::vector<std::string>& notices) {
  const auto note = [&notices](std::string text) {
    if (std::ranges::find(notices, text) == notices.end()) notices.push_back(std::move(text));
  };
  const auto name_of = [](std::string_view names) { return names.substr(names.rfind(',') + 1); };
  for (const Leftover& flag : flags) {
    command.add_flag_callback(flag.name, [=] { note(nothing(name_of(flag.name), flag.why)); })->group("");
  }
  for (const Leftover& option : options) {
    command
        .add_option_function<std::string>(option.name,
                                          [=](const std::string&) { note(nothing(option.name, option.why)); })
        ->take_all()
        ->group("");
  }
  declare_engine(command, note);
  // There is no terminal view yet, so both flags are satisfied.
  command.add_flag_callback("--disable-tui", [] {}, "no terminal view")->group("");
  command.add_flag_callback("--no-disable-tui", [] {})->group("");
}

std::vector<std::string> variables_without_effect(const std::vector<std::string>& names,
                                                  const std::set<std::string>& known) {
  constexpr std::string_view exo = "EXO_", own = "SHOAL_";
  const auto is_known = [&known](std::string_view suffix) {
    return known.contains(std::string(suffix)) ||
           std::ranges::find(other_known, suffix) != std::end(other_known);
  };
  std::vector<std::string> notices;
  for (const std::string& name : names) {
    if (const Leftover* variable = find(variables, name); variable != nullptr) {
      notices.push_back(nothing(name, variable->why));
    } else if (name.starts_with(exo) && !is_known(name.substr(exo.size()))) {
      const Leftover* told = find(exo_variables, name.substr(exo.size()));
      notices.push_back(nothing(name, told == nullptr ? "" : told->why));
    } else if (name.starts_with(own) && !is_known(name.substr(own.size()))) {
      notices.push_back(fmt::format("{} is no variable that Shoal reads", name));
    }
  }
  std::ranges::sort(notices);
  return notices;
}

}  // namespace shoal
