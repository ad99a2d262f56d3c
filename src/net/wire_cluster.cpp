#include "net/wire_cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/known_epochs.h"
#include "cluster/report_check.h"

namespace shoal {
namespace {

constexpr int64_t last_error_code = static_cast<int64_t>(ErrorCode::internal);
constexpr int64_t label_limit = 1'000;
constexpr int64_t memory_group_limit = 64;

void write(const ShardReport& shard, wire::ShardReport& out) {
  out.set_instance(shard.instance);
  write(shard.epoch, *out.mutable_epoch());
  out.set_first_layer(shard.first_layer);
  out.set_end_layer(shard.end_layer);
  out.set_is_head(shard.is_head);
  out.set_is_loaded(shard.is_loaded);
  out.set_bytes_loaded(shard.bytes_loaded);
  out.set_bytes_total(shard.bytes_total);
  out.set_last_used_ms_ago(shard.last_used_ms_ago);
  out.set_held_bytes(shard.held_bytes);
}

ShardReport read(const wire::ShardReport& in, WireChecks& checks) {
  return {.instance = checks.name(in.instance(), "shard.instance"),
          .epoch = read(in.epoch(), checks),
          .first_layer = checks.within(in.first_layer(), 0, layer_limit, "shard.first_layer"),
          .end_layer = checks.within(in.end_layer(), in.first_layer(), layer_limit, "shard.end_layer"),
          .is_head = in.is_head(),
          .is_loaded = in.is_loaded(),
          .bytes_loaded = checks.size(in.bytes_loaded(), "shard.bytes_loaded"),
          .bytes_total = checks.size(in.bytes_total(), "shard.bytes_total"),
          .held_bytes = checks.size(in.held_bytes(), "shard.held_bytes"),
          .last_used_ms_ago = checks.size(in.last_used_ms_ago(), "shard.last_used_ms_ago")};
}

void write(const ModelFingerprint& fingerprint, wire::ModelFingerprint& out) {
  out.set_weight_bytes(fingerprint.weight_bytes);
  out.set_settings(fingerprint.settings);
  out.set_text(fingerprint.text);
  out.set_weights(fingerprint.weights);
  out.set_whole(fingerprint.whole);
}

ModelFingerprint read(const wire::ModelFingerprint& in, WireChecks& checks) {
  return {.weight_bytes = checks.size(in.weight_bytes(), "fingerprint.weight_bytes"),
          .settings = in.settings(),
          .text = in.text(),
          .weights = in.weights(),
          .whole = in.whole()};
}

void write(const ModelReport& model, wire::ModelReport& out) {
  out.set_name(model.name);
  write(model.fingerprint, *out.mutable_fingerprint());
  out.set_problem(model.problem.substr(0, label_limit));
}

ModelReport read(const wire::ModelReport& in, WireChecks& checks) {
  return {.name = checks.name(in.name(), "report.models"),
          .fingerprint = read(in.fingerprint(), checks),
          .problem = checks.text(in.problem(), label_limit, "report.models.problem")};
}

void write(const DeviceReport& device, wire::DeviceReport& out) {
  out.set_device_model(device.device_model);
  out.set_chip(device.chip);
  out.set_machine(device.machine);
  out.set_isa(device.isa);
  out.set_core_count(device.core_count);
  out.set_memory_bytes(device.memory_bytes);
  out.set_free_bytes(device.free_bytes);
  out.set_machine_free_bytes(device.machine_free_bytes);
  for (const MemoryGroup& group : device.memory_groups) {
    wire::MemoryGroup& written = *out.add_memory_groups();
    written.set_id(group.id);
    written.set_free_bytes(group.free_bytes);
  }
  out.set_declared_memory_bytes(device.declared_memory_bytes);
  out.set_read_bandwidth(device.read_bandwidth);
  out.set_flops_fp32(device.flops_fp32);
  out.set_flops_fp16(device.flops_fp16);
  out.set_flops_int8(device.flops_int8);
}

std::vector<MemoryGroup> read_groups(const wire::DeviceReport& in, WireChecks& checks) {
  std::vector<MemoryGroup> groups;
  checks.count(in.memory_groups_size(), memory_group_limit, "device.memory_groups");
  if (!checks.ok()) return groups;
  for (const wire::MemoryGroup& group : in.memory_groups()) {
    groups.push_back({.id = checks.id(group.id(), "device.memory_groups.id"),
                      .free_bytes = checks.size(group.free_bytes(), "device.memory_groups.free_bytes")});
  }
  return groups;
}

DeviceReport read(const wire::DeviceReport& in, WireChecks& checks) {
  return {.device_model = checks.text(in.device_model(), label_limit, "device.device_model"),
          .chip = checks.text(in.chip(), label_limit, "device.chip"),
          .machine = checks.optional_id(in.machine(), "device.machine"),
          .isa = checks.optional_id(in.isa(), "device.isa"),
          .core_count = checks.size(in.core_count(), "device.core_count"),
          .memory_bytes = checks.size(in.memory_bytes(), "device.memory_bytes"),
          .free_bytes = checks.size(in.free_bytes(), "device.free_bytes"),
          .machine_free_bytes = checks.size(in.machine_free_bytes(), "device.machine_free_bytes"),
          .memory_groups = read_groups(in, checks),
          .declared_memory_bytes = checks.size(in.declared_memory_bytes(), "device.declared_memory_bytes"),
          .read_bandwidth = checks.number(in.read_bandwidth(), "device.read_bandwidth"),
          .flops_fp32 = checks.number(in.flops_fp32(), "device.flops_fp32"),
          .flops_fp16 = checks.number(in.flops_fp16(), "device.flops_fp16"),
          .flops_int8 = checks.number(in.flops_int8(), "device.flops_int8")};
}

}  // namespace

void write(const Error& error, wire::Error& out) {
  out.set_code(static_cast<uint32_t>(error.code));
  out.set_message(error.message.substr(0, error_text_limit));
}

Error read(const wire::Error& in, WireChecks& checks) {
  return {static_cast<ErrorCode>(checks.within(in.code(), 0, last_error_code, "error.code")),
          checks.text(in.message(), error_text_limit, "error.message")};
}

void write(const Epoch& epoch, wire::Epoch& out) {
  out.set_counter(epoch.counter);
  out.set_proposer(epoch.proposer);
}

Epoch read(const wire::Epoch& in, WireChecks& checks) {
  checks.require(in.counter() <= epoch_counter_limit,
                 fmt::format("epoch.counter: {} is above {}", in.counter(), epoch_counter_limit));
  return {.counter = in.counter(), .proposer = checks.optional_id(in.proposer(), "epoch.proposer")};
}

void write(const NodeReport& report, wire::NodeReport& out) {
  out.set_node(report.node);
  out.set_incarnation(report.incarnation);
  out.set_version(report.version);
  out.set_peer_port(report.peer_port);
  out.set_api_port(report.api_port);
  write(report.device, *out.mutable_device());
  for (const ModelReport& model : report.models) write(model, *out.add_models());
  for (const ShardReport& shard : report.shards) write(shard, *out.add_shards());
}

NodeReport read(const wire::NodeReport& in, WireChecks& checks) {
  NodeReport report{
      .node = checks.id(in.node(), "report.node"),
      .incarnation = in.incarnation(),
      .version = checks.id(in.version(), "report.version"),
      .address = {},
      .peer_port = static_cast<int32_t>(checks.within(in.peer_port(), 0, 65535, "report.peer_port")),
      .api_port = static_cast<int32_t>(checks.within(in.api_port(), 0, 65535, "report.api_port")),
      .device = read(in.device(), checks),
      .models = {},
      .shards = {}};
  checks.count(in.models_size(), report_model_limit, "report.models");
  checks.count(in.shards_size(), report_shard_limit, "report.shards");
  if (!checks.ok()) return report;
  for (const wire::ModelReport& model : in.models()) report.models.push_back(read(model, checks));
  for (const wire::ShardReport& shard : in.shards()) report.shards.push_back(read(shard, checks));
  return report;
}

void write(const ModelDemand& demand, wire::ModelDemand& out) {
  out.set_model(demand.model);
  out.mutable_layer_bytes()->Assign(demand.layer_bytes.begin(), demand.layer_bytes.end());
  out.set_head_bytes(demand.head_bytes);
  out.set_kv_bytes_per_token_layer(demand.kv_bytes_per_token_layer);
  out.set_context_length(demand.context_length);
  out.set_scratch_bytes(demand.scratch_bytes);
  out.set_least_context_length(demand.least_context_length);
  write(demand.fingerprint, *out.mutable_fingerprint());
}

ModelDemand read(const wire::ModelDemand& in, WireChecks& checks) {
  checks.within(in.layer_bytes_size(), 1, layer_limit, "demand.layer_bytes");
  if (!checks.ok()) return {};
  for (const int64_t bytes : in.layer_bytes()) checks.size(bytes, "demand.layer_bytes");
  return {.model = checks.name(in.model(), "demand.model"),
          .layer_bytes = {in.layer_bytes().begin(), in.layer_bytes().end()},
          .head_bytes = checks.size(in.head_bytes(), "demand.head_bytes"),
          .kv_bytes_per_token_layer =
              checks.size(in.kv_bytes_per_token_layer(), "demand.kv_bytes_per_token_layer"),
          .context_length = checks.size(in.context_length(), "demand.context_length"),
          .scratch_bytes = checks.size(in.scratch_bytes(), "demand.scratch_bytes"),
          .least_context_length = checks.size(in.least_context_length(), "demand.least_context_length"),
          .fingerprint = read(in.fingerprint(), checks)};
}

void write(const Plan& plan, wire::Plan& out) {
  out.set_instance(plan.instance);
  write(plan.epoch, *out.mutable_epoch());
  for (const PlanStage& stage : plan.stages) {
    wire::PlanStage& stage_out = *out.add_stages();
    stage_out.set_node(stage.node);
    stage_out.set_first_layer(stage.first_layer);
    stage_out.set_end_layer(stage.end_layer);
  }
  out.set_context_length(plan.context_length);
  write(plan.fingerprint, *out.mutable_fingerprint());
}

Plan read(const wire::Plan& in, WireChecks& checks) {
  Plan plan{.instance = checks.name(in.instance(), "plan.instance"),
            .epoch = read(in.epoch(), checks),
            .stages = {},
            .context_length = checks.size(in.context_length(), "plan.context_length"),
            .fingerprint = read(in.fingerprint(), checks)};
  checks.within(in.stages_size(), 1, node_limit, "plan.stages");
  if (!checks.ok()) return plan;
  int64_t next = 0;
  std::vector<NodeId> nodes;
  for (const wire::PlanStage& stage : in.stages()) {
    checks.within(stage.first_layer(), next, next, "plan.stages.first_layer");
    next = checks.within(stage.end_layer(), next + 1, layer_limit, "plan.stages.end_layer");
    plan.stages.push_back({.node = checks.id(stage.node(), "plan.stages.node"),
                           .first_layer = stage.first_layer(),
                           .end_layer = stage.end_layer()});
    nodes.push_back(stage.node());
    if (!checks.ok()) return plan;
  }
  std::ranges::sort(nodes);
  checks.require(std::ranges::adjacent_find(nodes) == nodes.end(), "plan.stages: a node stands twice in it");
  return plan;
}

void write(const EngineInfo& info, wire::EngineInfo& out) {
  out.set_first_layer(info.first_layer);
  out.set_end_layer(info.end_layer);
  out.set_is_head(info.is_head);
  out.set_hidden_size(info.hidden_size);
  out.set_vocabulary_size(info.vocabulary_size);
  out.set_context_length(info.context_length);
  out.set_slot_limit(info.slot_limit);
  out.set_row_limit(info.row_limit);
  out.set_page_tokens(info.page_tokens);
  out.set_page_capacity(info.page_capacity);
  out.set_is_exact(info.is_exact);
}

EngineInfo read(const wire::EngineInfo& in, WireChecks& checks) {
  return {.first_layer = checks.within(in.first_layer(), 0, layer_limit, "engine.first_layer"),
          .end_layer = checks.within(in.end_layer(), in.first_layer(), layer_limit, "engine.end_layer"),
          .is_head = in.is_head(),
          .hidden_size = checks.within(in.hidden_size(), 1, 1 << 24, "engine.hidden_size"),
          .vocabulary_size = checks.within(in.vocabulary_size(), 0, 1 << 28, "engine.vocabulary_size"),
          .context_length = checks.size(in.context_length(), "engine.context_length"),
          .slot_limit = checks.within(in.slot_limit(), 1, 1 << 24, "engine.slot_limit"),
          .row_limit = checks.within(in.row_limit(), 1, 1 << 24, "engine.row_limit"),
          .page_tokens = checks.within(in.page_tokens(), 1, 1 << 24, "engine.page_tokens"),
          .page_capacity = checks.size(in.page_capacity(), "engine.page_capacity"),
          .is_exact = in.is_exact()};
}

}  // namespace shoal
