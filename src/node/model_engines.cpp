#include "node/model_engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/log.h"
#include "base/os.h"
#include "engine/cpu_engine.h"
#include "model/architecture.h"
#include "node/node_settings.h"

namespace shoal {
namespace {

constexpr int64_t slot_limit = 32;
constexpr int64_t row_limit = 512;

// If memory allows, this many sequences can be as long as the context at the same time; of shorter ones there
// can be more. One is promised in any case.
constexpr int64_t full_length_sequences = 4;

// A context length that nobody asked for is not cut below this.
constexpr int64_t least_default_context = 2048;

// Bytes for the activations of a full step, the head's logits, and messages in flight.
int64_t scratch_bytes(const ModelConfig& config) {
  int64_t row_bytes = 0;
  for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
    row_bytes = std::max(row_bytes, make_layer(config, layer)->needs(KvType::f16).row_bytes);
  }
  const int64_t messages_in_flight = 6;
  return row_limit * row_bytes + 4 * (row_limit * (3 + messages_in_flight) * config.hidden_size +
                                      2 * slot_limit * config.vocabulary_size);
}

}  // namespace

ModelEngines::ModelEngines(ModelEngineSettings settings, const ModelStore& store)
    : settings_(std::move(settings)), store_(store), reader_(store) {}

ModelEngines::~ModelEngines() {
  std::list<Load> loads;
  {
    MutexLock lock(mutex_);
    loads.swap(loads_);
  }
  for (Load& load : loads) load.thread.request_stop();
}

std::vector<ModelReport> ModelEngines::models() {
  std::vector<ModelReport> reports;
  for (const ModelOnDisk& model : store_.list_models()) {
    ModelReport& report = reports.emplace_back(ModelReport{.name = model.name, .problem = model.problem});
    if (report.problem.empty()) report.fingerprint = store_.content_of(model).fingerprint;
  }
  store_.keep_facts();
  return reports;
}

int64_t ModelEngines::context_of(const ModelConfig& config) const {
  const int64_t wanted = settings_.context_length > 0 ? settings_.context_length : default_context_limit;
  return std::min(wanted, config.context_length);
}

Result<ModelDemand> ModelEngines::describe(const InstanceId& model) {
  const auto found = store_.find(model);
  if (!found) return fail(found.error());
  const ModelContent content = store_.content_of(*found);
  const auto checkpoint = Checkpoint::open(found->path);
  if (!checkpoint) return fail(checkpoint.error(), fmt::format("model {}", model));
  const ModelConfig& config = checkpoint->config();
  const auto bytes_of_range = [&](int64_t first_layer, int64_t end_layer, bool is_head) {
    return shard_memory_bytes(*checkpoint,
                              {.first_layer = first_layer, .end_layer = end_layer, .is_head = is_head},
                              WeightPrecision::as_stored);
  };
  const ShardRange first_layer{.first_layer = 0, .end_layer = 1, .is_head = false};
  ModelDemand demand{
      .model = model,
      .layer_bytes = {},
      .head_bytes = 0,
      .kv_bytes_per_token_layer = kv_page_bytes(config, first_layer, settings_.kv_type) / kv_page_tokens,
      .context_length = context_of(config),
      .scratch_bytes = scratch_bytes(config),
      .least_context_length =
          settings_.context_length > 0 ? 0 : std::min(least_default_context, config.context_length),
      .fingerprint = content.fingerprint};
  const auto head = bytes_of_range(0, 0, true);
  if (!head) return fail(head.error(), fmt::format("model {}", model));
  demand.head_bytes = *head;
  for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
    const auto bytes = bytes_of_range(layer, layer + 1, false);
    if (!bytes) return fail(bytes.error(), fmt::format("model {}", model));
    demand.layer_bytes.push_back(*bytes);
  }
  return demand;
}

// Takes the promised bytes and only a part of the spare ones, since other stages on this machine may want
// some, too.
int64_t ModelEngines::choose_kv_bytes(const Plan& plan, int64_t page_bytes) const {
  const int64_t promised = (plan.context_length + kv_page_tokens - 1) / kv_page_tokens * page_bytes;
  const auto sharers = static_cast<int64_t>(2 * plan.stages.size());
  const int64_t spare = std::max<int64_t>(settings_.spare_bytes(), 0) / sharers;
  return promised + std::min(spare, (full_length_sequences - 1) * promised);
}

// Loads only from the plan's files: they are looked at before and again afterwards, because somebody may
// replace them meanwhile.
Result<LoadedShard> ModelEngines::load_now(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                                           std::function<void(LoadProgress)> progress) {
  const auto found = store_.find(plan.instance);
  if (!found) return fail(found.error());
  if (!found->variant_names.empty() && !found->variant.empty()) {
    log_notice("{} means {}:{} here, one of {}", plan.instance, found->name, found->variant,
               fmt::join(found->variant_names, ", "));
  }
  const ModelContent before = store_.content_of(*found);
  const std::string difference = describe_difference(before.fingerprint, plan.fingerprint);
  if (!difference.empty()) {
    return fail(ErrorCode::unavailable,
                fmt::format("model {}: node {} has other files than the plan names: {}", plan.instance,
                            stage.node, difference));
  }
  auto shard = load_files(found->path, plan, stage, std::move(stop), std::move(progress));
  if (!shard) return shard;
  if (store_.content_of(*found).files != before.files) {
    return fail(ErrorCode::unavailable,
                fmt::format("model {}: its files on node {} were changed while they were loaded",
                            plan.instance, stage.node));
  }
  reader_.ask(*found);  // its bytes have just been read, so the system still has them
  return shard;
}

Result<LoadedShard> ModelEngines::load_files(const std::filesystem::path& path, const Plan& plan,
                                             const PlanStage& stage, std::stop_token stop,
                                             std::function<void(LoadProgress)> progress) const {
  const auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) return fail(checkpoint.error(), fmt::format("model {}", plan.instance));
  const bool is_head = plan.head() == stage.node;
  const ShardRange range{.first_layer = stage.first_layer, .end_layer = stage.end_layer, .is_head = is_head};
  constexpr auto precision = WeightPrecision::as_stored;
  const auto weight_bytes = shard_memory_bytes(*checkpoint, range, precision);
  if (!weight_bytes) return fail(weight_bytes.error(), fmt::format("model {}", plan.instance));
  const int64_t page_bytes = kv_page_bytes(checkpoint->config(), range, settings_.kv_type);
  const CpuEngineSettings engine_settings{.range = range,
                                          .thread_count = settings_.thread_count,
                                          .isa = settings_.isa,
                                          .precision = precision,
                                          .kv_type = settings_.kv_type,
                                          .slot_limit = slot_limit,
                                          .row_limit = row_limit,
                                          .context_length = plan.context_length,
                                          .kv_memory_bytes = choose_kv_bytes(plan, page_bytes)};
  LoadedShard shard;
  shard.held_bytes = *weight_bytes + engine_settings.kv_memory_bytes + scratch_bytes(checkpoint->config());
  if (is_head) {
    auto text = load_text_assets(path);
    if (!text) return fail(text.error(), fmt::format("model {}", plan.instance));
    if (text->tokenizer->vocabulary_size() > checkpoint->config().vocabulary_size) {
      return fail(
          ErrorCode::corrupt_data,
          fmt::format("model {}: the tokenizer has {} tokens, the embedding only {} rows", plan.instance,
                      text->tokenizer->vocabulary_size(), checkpoint->config().vocabulary_size));
    }
    shard.text = std::make_shared<const TextAssets>(*std::move(text));
  }
  auto engine = load_cpu_engine(
      *checkpoint, engine_settings,
      [&](int64_t done, int64_t total) { progress({.bytes_done = done, .bytes_total = total}); },
      std::move(stop));
  if (!engine) return fail(engine.error(), fmt::format("model {}", plan.instance));
  shard.engine = *std::move(engine);
  return shard;
}

void ModelEngines::load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                        std::function<void(LoadProgress)> progress,
                        std::function<void(Result<LoadedShard>)> done) {
  std::optional<Error> refused;
  {
    MutexLock lock(mutex_);
    loads_.remove_if([](const Load& load) { return load.has_ended.load(); });
    Load& load = loads_.emplace_back();
    try {
      load.thread = std::jthread([=, this, &load](const std::stop_token& ending) {
        std::stop_source source;
        const std::stop_callback on_asked(stop, [&source] { source.request_stop(); });
        const std::stop_callback on_ending(ending, [&source] { source.request_stop(); });
        done(load_now(plan, stage, source.get_token(), progress));
        load.has_ended = true;
      });
    } catch (const std::system_error& error) {
      loads_.pop_back();
      refused = os::no_more_threads(error);
    }
  }
  if (refused) done(fail(*refused));
}

}  // namespace shoal
