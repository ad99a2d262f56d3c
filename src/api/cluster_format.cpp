#include "api/cluster_format.h"

#include "json/value.h"

namespace shoal {
namespace {

constexpr int64_t megabyte = 1 << 20;

Value format_shard(const ShardReport& shard) {
  return Value::Object{{"model", shard.instance},           {"first_layer", shard.first_layer},
                       {"last_layer", shard.end_layer - 1}, {"head", shard.is_head},
                       {"loaded", shard.is_loaded},         {"bytes_loaded", shard.bytes_loaded},
                       {"bytes_total", shard.bytes_total}};
}

Value format_node(const NodeReport& node) {
  const DeviceReport& device = node.device;
  Value::Array shards, models;
  for (const ShardReport& shard : node.shards) shards.push_back(format_shard(shard));
  for (const ModelReport& model : node.models) {
    if (model.problem.empty()) models.emplace_back(model.name);
  }
  const int64_t shown_memory =
      device.declared_memory_bytes > 0 ? device.declared_memory_bytes : device.memory_bytes;
  return Value::Object{
      {"model", device.device_model},
      {"chip", device.chip},
      {"memory", shown_memory / megabyte},
      {"flops",
       Value::Object{{"fp32", device.flops_fp32}, {"fp16", device.flops_fp16}, {"int8", device.flops_int8}}},
      {"memory_bytes", device.memory_bytes},
      {"free_bytes", device.free_bytes},
      {"isa", device.isa},
      {"cores", device.core_count},
      {"read_bandwidth", device.read_bandwidth},
      {"address", node.address},
      {"node_port", int64_t{node.peer_port}},
      {"api_port", int64_t{node.api_port}},
      {"version", node.version},
      {"models", std::move(models)},
      {"shards", std::move(shards)}};
}

Value model_entry(const ModelView& model, int64_t created) {
  Value::Object entry{{"id", model.name},
                      {"object", "model"},
                      {"created", created},
                      {"owned_by", "shoal"},
                      {"ready", model.is_loaded}};
  if (model.context_length > 0) {
    entry.emplace_back("max_model_len", model.context_length);                   // vLLM's member
    entry.emplace_back("meta", Value::Object{{"n_ctx", model.context_length}});  // llama.cpp's
  }
  return entry;
}

Value format_scheduler(const std::optional<SchedulerStatus>& status) {
  if (!status) return {};
  return Value::Object{{"waiting", status->waiting},
                       {"active", status->active},
                       {"pages_used", status->pages_used},
                       {"page_capacity", status->page_capacity},
                       {"prompt_tokens", status->prompt_tokens},
                       {"completion_tokens", status->completion_tokens},
                       {"steps", status->steps},
                       {"preemptions", status->preemptions}};
}

Value format_unreachable(const std::vector<MissingPeer>& missing) {
  Value::Array unreachable;
  for (const MissingPeer& peer : missing) {
    if (peer.problem.empty()) continue;
    unreachable.push_back(Value::Object{{"node_id", peer.node},
                                        {"address", peer.place},
                                        {"seconds", peer.seconds},
                                        {"problem", peer.problem},
                                        {"advice", peer.advice}});
  }
  return unreachable;
}

}  // namespace

std::string format_topology(const ClusterView& cluster) {
  Value nodes{Value::Object{}};
  for (const NodeReport& node : cluster.nodes) nodes.set(node.node, format_node(node));
  Value graph{Value::Object{}};
  for (const ClusterView::Link& link : cluster.links) {
    Value::Array links;
    if (const Value* earlier = graph.find(link.from)) links = *earlier->array();
    links.push_back(
        Value::Object{{"from_id", link.from}, {"to_id", link.to}, {"description", link.description}});
    graph.set(link.from, std::move(links));
  }
  Value::Array warnings(cluster.warnings.begin(), cluster.warnings.end());
  return format_json(Value::Object{{"nodes", std::move(nodes)},
                                   {"peer_graph", std::move(graph)},
                                   {"active_node_id", cluster.own_node},
                                   {"unreachable", format_unreachable(cluster.missing)},
                                   {"warnings", std::move(warnings)}});
}

std::string format_models(const std::vector<ModelView>& models, int64_t created) {
  Value::Array data;
  for (const ModelView& model : models) data.push_back(model_entry(model, created));
  return format_json(Value::Object{{"object", "list"}, {"data", std::move(data)}});
}

std::string format_model(const ModelView& model, int64_t created) {
  return format_json(model_entry(model, created));
}

std::string format_status(const ClusterView& cluster, const ServiceStatus& status, double tokens_per_second,
                          const std::optional<std::string>& default_model) {
  return format_json(Value::Object{{"node_id", cluster.own_node},
                                   {"node_count", static_cast<int64_t>(cluster.nodes.size())},
                                   {"unreachable", format_unreachable(cluster.missing)},
                                   {"active_requests", status.active_requests},
                                   {"requests_total", status.requests_total},
                                   {"failed_total", status.failed_total},
                                   {"tokens_per_second", tokens_per_second},
                                   {"default_model", default_model ? Value(*default_model) : Value()},
                                   {"scheduler", format_scheduler(status.scheduler)}});
}

}  // namespace shoal
