// All options of a node, on the command line or in the environment: exo's flags and Shoal's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "node/node_settings.h"

namespace CLI {
class App;
}

namespace shoal {

struct NodeOptions {
  std::string node_id;
  std::string node_host = "::";
  int32_t node_port = 0;
  std::string api_host = "::";
  int32_t api_port = 52415;
  int64_t api_response_timeout_s = 900;
  int32_t listen_port = 5678;
  int32_t broadcast_port = 5678;
  std::string discovery_module = "udp";
  int64_t discovery_timeout_s = 30;
  std::string discovery_config_path;
  std::vector<std::string> node_id_filter;
  std::vector<std::string> interface_type_filter;
  int64_t wait_for_peers = 0;
  std::string default_model;
  std::optional<double> default_temperature;
  std::string system_prompt;
  int64_t max_generate_tokens = 10000;
  std::string models_seed_dir;
  std::string partitioning = "ring_memory_weighted";
  std::string trace_path;
  std::string memory_limit;
  int64_t context_length = 0;
  int64_t thread_count = 0;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  bool alone = false;
  std::vector<std::string> notices;  // about options that do nothing here

  // Declares the options on `command`, each also as SHOAL_<NAME> and, if that is not set, EXO_<NAME>. This
  // object must outlive the reading of the command line.
  void declare(CLI::App& command);

  // The settings that the options ask for; invalid_argument names an option that makes no sense.
  Result<NodeSettings> settings() const;

  // Logs which given options do nothing here.
  void tell_notices() const;
};

}  // namespace shoal
