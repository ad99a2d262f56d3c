#include "cli/local_model.h"

#include <fmt/format.h>

#include <cstdio>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/os.h"
#include "engine/cpu_engine.h"
#include "model/checkpoint.h"
#include "ring/local_ring.h"

namespace shoal {
namespace {

// Hands what leaves the ring to the thread that waits for it.
class WaitingSink final : public StepSink {
 public:
  void on_step_done(StepOutput output) override {
    {
      MutexLock lock(mutex_);
      outputs_.push_back(std::move(output));
    }
    changed_.notify_all();
  }
  void on_ring_lost(Error error) override {
    {
      MutexLock lock(mutex_);
      lost_ = std::move(error);
    }
    changed_.notify_all();
  }

  Result<StepOutput> wait() {
    MutexLock lock(mutex_);
    while (outputs_.empty() && !lost_) changed_.wait(mutex_);
    if (outputs_.empty()) return fail(*lost_);
    StepOutput output = std::move(outputs_.front());
    outputs_.pop_front();
    return output;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<StepOutput> outputs_ GUARDED_BY(mutex_);
  std::optional<Error> lost_ GUARDED_BY(mutex_);
};

Result<std::vector<ShardRange>> stage_ranges(const std::vector<int64_t>& split, int64_t layer_count) {
  std::vector<ShardRange> ranges;
  int64_t first = 0;
  for (int64_t layers : split) {
    ranges.push_back({.first_layer = first, .end_layer = first + layers, .is_head = ranges.empty()});
    first += layers;
  }
  if (split.empty()) ranges.push_back({.first_layer = 0, .end_layer = layer_count, .is_head = true});
  if (!split.empty() && first != layer_count) {
    return fail(ErrorCode::invalid_argument, fmt::format("--split {} is {} layers in all, the model has {}",
                                                         fmt::join(split, ","), first, layer_count));
  }
  return ranges;
}

// A function that shows on stderr how far a load is; empty when stderr is no terminal.
std::function<void(int64_t, int64_t)> show_load_progress(const std::string& what) {
  if (!os::stderr_is_terminal()) return {};
  return [what](int64_t done, int64_t total) {
    constexpr int64_t width = 40;
    const int64_t filled = total > 0 ? done * width / total : width;
    fmt::print(stderr, "\r{:<20} [{:=>{}}{:>{}}] {:>6.0f} MB{}", what, "", filled, "", width - filled,
               static_cast<double>(done) / 1e6, done >= total ? "\n" : "");
    std::fflush(stderr);
  };
}

}  // namespace

Result<LocalEngines> load_engines(const std::filesystem::path& path, const LocalModelSettings& settings) {
  auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) return fail(checkpoint.error());
  LocalEngines loaded{
      .config = checkpoint->config(), .bytes_per_token = checkpoint->bytes_per_token(), .engines = {}};
  auto ranges = stage_ranges(settings.split, loaded.config.layer_count());
  if (!ranges) return fail(ranges.error());
  const int64_t context =
      settings.context_length > 0 ? settings.context_length : loaded.config.context_length;
  const int64_t pages = (context + kv_page_tokens - 1) / kv_page_tokens * settings.slot_limit;
  for (const ShardRange& range : *ranges) {
    const CpuEngineSettings engine_settings{
        .range = range,
        .thread_count = settings.thread_count,
        .isa = settings.isa,
        .precision = settings.exact_float ? WeightPrecision::exact_float : WeightPrecision::as_stored,
        .kv_type = settings.kv_type,
        .slot_limit = settings.slot_limit,
        .row_limit = settings.row_limit,
        .context_length = context,
        .kv_memory_bytes = pages * kv_page_bytes(loaded.config, range, settings.kv_type),
        .keeps_processors_awake = false};
    const auto progress =
        show_load_progress(fmt::format("layers {}-{}", range.first_layer, range.end_layer - 1));
    auto engine = load_cpu_engine(*checkpoint, engine_settings, progress);
    if (!engine) return fail(engine.error());
    loaded.engines.push_back(*std::move(engine));
  }
  return loaded;
}

struct LocalModel::State {
  ModelConfig config;
  WaitingSink sink;
  std::vector<std::shared_ptr<Engine>> engines;
  std::unique_ptr<LocalRing> ring;
};

LocalModel::LocalModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalModel::~LocalModel() { state_->ring->close(); }

Result<std::unique_ptr<LocalModel>> LocalModel::load(const std::filesystem::path& path,
                                                     const LocalModelSettings& settings) {
  auto engines = load_engines(path, settings);
  if (!engines) return fail(engines.error());
  auto state = std::make_unique<State>();
  state->config = std::move(engines->config);
  state->engines = std::move(engines->engines);
  auto ring = LocalRing::make(path.filename().string(), state->engines, state->sink);
  if (!ring) return fail(ring.error());
  state->ring = *std::move(ring);
  return std::unique_ptr<LocalModel>(new LocalModel(std::move(state)));
}

const ModelConfig& LocalModel::config() const { return state_->config; }
const RingLimits& LocalModel::limits() const { return state_->ring->ring().limits(); }

Result<StepOutput> LocalModel::run(Step step) {
  auto number = state_->ring->ring().submit(std::move(step));
  if (!number) return fail(number.error());
  return state_->sink.wait();
}

Result<std::vector<float>> LocalModel::run_sequence(std::span<const TokenId> tokens, int64_t chunk) {
  const auto count = static_cast<int64_t>(tokens.size());
  const RingLimits& bounds = limits();
  if (count > bounds.context_length) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} tokens are more than the context of {} positions", count, bounds.context_length));
  }
  for (TokenId token : tokens) {
    if (token >= 0 && token < bounds.vocabulary_size) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("token {} is outside of the vocabulary of {}", token, bounds.vocabulary_size));
  }
  std::vector<float> logits;
  logits.reserve(static_cast<size_t>(count * bounds.vocabulary_size));
  for (int64_t first = 0; first < count; first += chunk) {
    const int64_t rows = std::min(chunk, count - first);
    Step step;
    step.batch.sequences = {{.slot = 0, .keep_length = first, .row_count = rows}};
    step.tokens.assign(tokens.begin() + first, tokens.begin() + first + rows);
    step.logit_rows.resize(static_cast<size_t>(rows));
    std::iota(step.logit_rows.begin(), step.logit_rows.end(), 0);
    auto output = run(std::move(step));
    if (!output) return fail(output.error());
    logits.insert(logits.end(), output->logits.begin(), output->logits.end());
  }
  return logits;
}

void LocalModel::observe_layers(const Engine::LayerObserver& observer) {
  for (const auto& engine : state_->engines) engine->observe_layers(observer);
}

}  // namespace shoal
