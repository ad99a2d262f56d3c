// shoal status and shoal unload: show what the cluster holds, and unload a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/running_node.h"
#include "json/members.h"

namespace shoal {
namespace {

struct StatusOptions {
  std::string model;
  bool json = false;
};

std::string describe_shards(const Value& report) {
  const Value* shards = report.find("shards");
  std::string text;
  if (shards == nullptr || shards->array() == nullptr) return text;
  for (const Value& shard : *shards->array()) {
    const bool is_loaded = boolean_member(shard, "loaded", false);
    const bool is_head = boolean_member(shard, "head", false);
    const double total = std::max(1.0, number_member(shard, "bytes_total"));
    text += fmt::format(
        "{}{} layers {}-{}{}{}", text.empty() ? "" : ", ", text_member(shard, "model"),
        integer_member(shard, "first_layer"), integer_member(shard, "last_layer"), is_head ? " (head)" : "",
        is_loaded ? std::string()
                  : fmt::format(" loading {:.0f} %", 100 * number_member(shard, "bytes_loaded") / total));
  }
  return text;
}

void print_nodes(const Value& topology) {
  constexpr double giga = 1e9;
  const std::string active = text_member(topology, "active_node_id");
  fmt::print("{:<24} {:>10} {:>10} {:>12}  {}\n", "node", "memory GB", "free GB", "reads GB/s", "holds");
  const Value* nodes = topology.find("nodes");
  if (nodes == nullptr || nodes->object() == nullptr) return;
  for (const auto& [node, report] : *nodes->object()) {
    fmt::print("{:<24} {:>10.1f} {:>10.1f} {:>12.1f}  {}\n", node + (node == active ? " *" : ""),
               number_member(report, "memory_bytes") / giga, number_member(report, "free_bytes") / giga,
               number_member(report, "read_bandwidth") / giga, describe_shards(report));
  }
}

void print_unreachable(const Value& topology) {
  const Value* unreachable = topology.find("unreachable");
  if (unreachable == nullptr || unreachable->array() == nullptr) return;
  for (const Value& peer : *unreachable->array()) {
    const std::string advice = text_member(peer, "advice");
    fmt::print("{:<24} cannot be reached at {} for {} s: {}{}{}\n", text_member(peer, "node_id"),
               text_member(peer, "address"), integer_member(peer, "seconds"), text_member(peer, "problem"),
               advice.empty() ? "" : "; ", advice);
  }
}

void print_warnings(const Value& topology) {
  const Value* warnings = topology.find("warnings");
  if (warnings == nullptr || warnings->array() == nullptr) return;
  for (const Value& warning : *warnings->array()) {
    if (warning.text() != nullptr) fmt::print("warning: {}\n", *warning.text());
  }
}

Result<void> run_status(const NodeOptions& node, const StatusOptions& options) {
  auto running = need_running_node(node);
  if (!running) return fail(running.error());
  const ApiClient client(running->api);
  auto topology = get_json(client, "/v1/topology");
  if (!topology) return fail(topology.error());
  auto status = get_json(client, "/v1/status");
  if (!status) return fail(status.error());
  if (options.json) {
    Value document((Value::Object()));
    document.set("topology", *std::move(topology));
    document.set("status", *std::move(status));
    fmt::print("{}\n", format_json(document));
    return {};
  }
  print_nodes(*topology);
  print_unreachable(*topology);
  print_warnings(*topology);
  fmt::print("{} requests now, {} in all, {} failed; {:.1f} tokens/s\n",
             integer_member(*status, "active_requests"), integer_member(*status, "requests_total"),
             integer_member(*status, "failed_total"), number_member(*status, "tokens_per_second"));
  return {};
}

// What the nodes hold of a model: "node a 1.2 GB, node b 0.8 GB".
std::string describe_holders(const Value& topology, const std::string& model) {
  std::string text;
  const Value* nodes = topology.find("nodes");
  if (nodes == nullptr || nodes->object() == nullptr) return text;
  for (const auto& [node, report] : *nodes->object()) {
    const Value* shards = report.find("shards");
    double bytes = 0;
    if (shards == nullptr || shards->array() == nullptr) continue;
    for (const Value& shard : *shards->array()) {
      if (text_member(shard, "model") == model) bytes += number_member(shard, "bytes_total");
    }
    if (bytes > 0) text += fmt::format("{}node {} {:.1f} GB", text.empty() ? "" : ", ", node, bytes / 1e9);
  }
  return text;
}

Result<void> run_unload(const NodeOptions& node, const std::string& model) {
  auto running = need_running_node(node);
  if (!running) return fail(running.error());
  const ApiClient client(running->api);
  auto before = get_json(client, "/v1/topology");
  if (!before) return fail(before.error());
  if (auto unloaded = client.unload(model); !unloaded) return unloaded;
  const std::string holders = describe_holders(*before, model);
  fmt::print("{} is unloaded{}{}\n", model, holders.empty() ? "" : "; free again: ", holders);
  return {};
}

}  // namespace

void add_status_command(CommandSet& commands) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = commands.root.add_subcommand("status", "the nodes, their layers, memory and speed");
  command->add_flag("--json", options->json, "as JSON");
  command->fallthrough();
  command->footer(node_options_hint);
  command->callback([options, &commands] {
    commands.chosen = [options, &commands] { return run_status(commands.node, *options); };
  });
}

void add_unload_command(CommandSet& commands) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = commands.root.add_subcommand("unload", "every node lets go of a model");
  command->add_option("model", options->model, "name")->required();
  command->fallthrough();
  command->footer(node_options_hint);
  command->callback([options, &commands] {
    commands.chosen = [options, &commands] { return run_unload(commands.node, options->model); };
  });
}

}  // namespace shoal
