#include "cli/node_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <set>

#include "base/log.h"
#include "base/os.h"
#include "cli/option_values.h"
#include "cli/options_without_effect.h"

namespace shoal {
namespace {

// The part of a variable's name behind SHOAL_, or exo's EXO_: "NODE_ID" for "node-id".
std::string variable_of(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

CLI::Option* with_environment(CLI::Option* option) {
  for (const char* prefix : {"SHOAL_", "EXO_"}) {
    for (const std::string& name : option->get_lnames()) {
      const std::string variable = prefix + variable_of(name);
      if (os::environment(variable.c_str())) return option->envname(variable);
    }
  }
  return option->envname("SHOAL_" + variable_of(option->get_lnames().front()));
}

// The names that may stand behind SHOAL_ and EXO_.
std::set<std::string> known_variables(const CLI::App& command) {
  std::set<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_envname().empty()) continue;
    for (const std::string& name : option->get_lnames()) known.insert(variable_of(name));
  }
  return known;
}

// Of an option given several times the last one counts, as with exo's parser.
template <class Value>
CLI::Option* add(CLI::App& command, const std::string& name, Value& value, const std::string& what) {
  return with_environment(command.add_option(name, value, what)->take_last());
}

// A list is "a,b"; a word behind that is another argument.
CLI::Option* add(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                 const std::string& what) {
  return with_environment(command.add_option(name, values, what)->delimiter(',')->allow_extra_args(false));
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<DiscoverySettings> discovery_settings(const NodeOptions& options) {
  DiscoverySettings discovery;
  if (options.discovery_module == "manual") {
    if (options.discovery_config_path.empty()) {
      return fail(ErrorCode::invalid_argument,
                  "--discovery-module manual needs --discovery-config-path FILE");
    }
    discovery.module = DiscoveryModule::manual;
  } else if (options.discovery_module == "none") {
    discovery.module = DiscoveryModule::none;
  } else if (options.discovery_module == "tailscale") {
    return fail(
        ErrorCode::invalid_argument,
        "--discovery-module tailscale is not there yet; with --discovery-module manual the nodes' Tailscale "
        "addresses can be listed");
  }
  discovery.config_path = os::expand_home(options.discovery_config_path);
  discovery.listen_port = options.listen_port;
  discovery.broadcast_port = options.broadcast_port;
  discovery.timeout = std::chrono::seconds(options.discovery_timeout_s);
  discovery.allowed_nodes = options.node_id_filter;
  discovery.allowed_interface_types = options.interface_type_filter;
  return discovery;
}

}  // namespace

void NodeOptions::declare(CLI::App& command) {
  const auto port = CLI::Range(1, 65535);
  add(command, "--node-id", node_id, "this node's name among its peers (default: this machine's)");
  add(command, "--node-host", node_host, "address that peers are answered on (default: all)");
  add(command, "--node-port", node_port,
      "TCP port that peers are answered on (default: 5678, or the next that is free)")
      ->check(port);
  add(command, "--api-host", api_host, "address of the HTTP API (default: all)");
  add(command, "--chatgpt-api-port,--api-port", api_port, "port of the HTTP API and the web page (52415)")
      ->check(port);
  add(command, "--chatgpt-api-response-timeout", api_response_timeout_s,
      "longest silence of a request, seconds (900)")
      ->check(CLI::Range(1, 1 << 24));
  add(command, "--discovery-module", discovery_module, "how peers are found: udp, manual or none (udp)")
      ->check(CLI::IsMember({"udp", "manual", "none", "tailscale"}));
  add(command, "--discovery-config-path", discovery_config_path, "discovery.json, for manual discovery");
  add(command, "--discovery-timeout", discovery_timeout_s,
      "seconds until a silent peer is no longer looked for (30)")
      ->check(CLI::Range(1, 1 << 24));
  add(command, "--listen-port", listen_port, "UDP port of discovery (5678)")->check(port);
  add(command, "--broadcast-port", broadcast_port, "UDP port that discovery calls (5678)")->check(port);
  add(command, "--node-id-filter", node_id_filter, "only these nodes are peers: a,b");
  add(command, "--interface-type-filter", interface_type_filter,
      "only these kinds of interfaces are used: a,b");
  add(command, "--wait-for-peers", wait_for_peers, "wait until so many peers are connected (0)")
      ->check(CLI::Range(0, 1000));
  add(command, "--default-model", default_model, "model of requests that name none (smollm2-135m)");
  add(command, "--default-temp", default_temperature, "temperature of requests that name none")
      ->check(CLI::Range(0.0, 100.0));
  add(command, "--system-prompt", system_prompt, "put before chats that have no system message");
  add(command, "--max-generate-tokens", max_generate_tokens, "no request gets more (10000)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  add(command, "--models-seed-dir", models_seed_dir, "folder whose models--* are moved into the downloads");
  add(command, "--partitioning", partitioning, "ring_memory_weighted, or manual:a:0-9,b:10-29")
      ->check([](const std::string& text) {
        constexpr std::string_view prefix = "--partitioning: ";  // CLI11 writes this, too
        const auto parsed = parse_partitioning(text);
        if (parsed) return std::string();
        const std::string& message = parsed.error().message;
        return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
      });
  add(command, "--memory-limit", memory_limit, "memory that this node takes at most, as 8GB")
      ->check(check_byte_count);
  add(command, "--context-length", context_length,
      "tokens of a conversation (default: the model's, 8192 at most)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 32));
  add(command, "--threads", thread_count, "threads that compute (default: the processors that it may use)")
      ->check(CLI::Range(1, 1024));
  add(command, "--trace", trace_path, "file for the times of all steps, for chrome://tracing or Perfetto");
  with_environment(command.add_flag("--alone", alone, "this node joins no cluster"));
  add(command, "--allow-host", allowed_hosts, "another name by which the API may be called: a,b");
  add(command, "--allow-origin", allowed_origins, "another origin whose pages may call the API: a,b");
  command.add_flag_function(
      "-v,--verbose",
      [](int64_t count) { set_log_level(static_cast<int>(std::min<int64_t>(log_level() + count, 9))); },
      "log more; twice, still more");
  command.add_flag_callback("-q,--quiet", [] { set_log_level(-1); }, "log warnings and errors only");
  declare_options_without_effect(command, notices);
  for (std::string& notice : variables_without_effect(os::environment_names(), known_variables(command))) {
    notices.push_back(std::move(notice));
  }
}

Result<NodeSettings> NodeOptions::settings() const {
  NodeSettings settings;
  settings.node = node_id;
  settings.peer_host = node_host;
  settings.peer_port = node_port;
  settings.api_host = api_host;
  settings.api_port = api_port;
  auto discovery = discovery_settings(*this);
  if (!discovery) return fail(discovery.error());
  settings.discovery = *std::move(discovery);
  if (alone) {
    if (wait_for_peers > 0) {
      return fail(ErrorCode::invalid_argument,
                  "--alone and --wait-for-peers: a node that is alone has no peers");
    }
    settings.discovery.module = DiscoveryModule::none;
    settings.peer_host = "127.0.0.1";
  }
  settings.folders = folders_from_environment();
  settings.thread_count = thread_count;
  settings.context_length = context_length;
  if (!memory_limit.empty()) {
    auto bytes = parse_byte_count(memory_limit);
    if (!bytes) return fail(bytes.error(), "--memory-limit");
    settings.memory_limit_bytes = *bytes;
  }
  auto policy = parse_partitioning(partitioning);
  if (!policy) return fail(policy.error());
  settings.partitioning = *std::move(policy);
  settings.trace_path = os::expand_home(trace_path);
  settings.default_model = default_model.empty() ? std::string(shoal::default_model) : default_model;
  settings.default_temperature = default_temperature;
  settings.system_prompt = unless_empty(system_prompt);
  settings.max_generate_tokens = max_generate_tokens;
  settings.response_timeout = std::chrono::seconds(api_response_timeout_s);
  settings.allowed_hosts = allowed_hosts;
  settings.allowed_origins = allowed_origins;
  if (!models_seed_dir.empty()) {
    auto moved = take_seed_models(os::expand_home(models_seed_dir), settings.folders);
    if (!moved) return fail(moved.error(), "--models-seed-dir");
  }
  return settings;
}

void NodeOptions::tell_notices() const {
  for (const std::string& notice : notices) log_notice("{}", notice);
}

}  // namespace shoal
