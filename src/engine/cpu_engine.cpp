#include "engine/cpu_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/idle_spin.h"
#include "base/os.h"
#include "base/thread_team.h"
#include "model/architecture.h"
#include "model/forward_pass.h"
#include "model/kv_pages.h"
#include "model/rope.h"

namespace shoal {
namespace {

class CpuEngine final : public Engine {
 public:
  // Everything that lives as long as the engine. load_cpu_engine makes it.
  struct Parts {
    EngineInfo info;
    const Kernels& kernels;
    std::unique_ptr<ThreadTeam> team;
    std::unique_ptr<IdleSpin> idle_spin;  // null: nothing spins
    Shard shard;
    KvPages pages;
    Workspace workspace;
  };

  explicit CpuEngine(Parts parts)
      : parts_(std::move(parts)),
        pass_{.config = parts_.shard.config, .kernels = parts_.kernels, .workspace = parts_.workspace} {
    changes_.reserve(static_cast<size_t>(parts_.info.slot_limit));
    sequences_.reserve(static_cast<size_t>(parts_.info.slot_limit));
  }

  const EngineInfo& info() const override { return parts_.info; }
  Result<void> step(const StepBatch& batch, std::span<float> hidden) override;
  Result<void> embed(std::span<const TokenId> tokens, std::span<float> hidden) override;
  Result<void> compute_logits(std::span<const float> hidden, std::span<float> logits) override;
  void observe_layers(LayerObserver observer) override { observer_ = std::move(observer); }

 private:
  Result<void> check(const StepBatch& batch, std::span<float> hidden) const;
  Result<void> place(const StepBatch& batch);
  void run(FunctionRef<void(int64_t member)> work);
  void run_layers(int64_t member, std::span<float> hidden, int64_t row_count);
  bool project(const float* hidden, int64_t row_count, float* logits);

  Parts parts_;
  ForwardPass::Shared pass_;
  LayerObserver observer_;
  std::vector<KvChange> changes_;        // of the current step
  std::vector<PassSequence> sequences_;  // of the current step
};

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

Result<void> CpuEngine::check(const StepBatch& batch, std::span<float> hidden) const {
  const EngineInfo& info = parts_.info;
  if (std::ssize(batch.sequences) > info.slot_limit) {
    return refuse(
        fmt::format("a step has {} sequences, there are {} slots", batch.sequences.size(), info.slot_limit));
  }
  int64_t rows = 0;
  for (const SequenceRows& sequence : batch.sequences) {
    if (sequence.row_count < 0 || sequence.row_count > info.row_limit) {
      return refuse(fmt::format("slot {} has {} rows in a step, the limit is {}", sequence.slot,
                                sequence.row_count, info.row_limit));
    }
    rows += sequence.row_count;
  }
  if (rows > info.row_limit)
    return refuse(fmt::format("a step has {} rows, the limit is {}", rows, info.row_limit));
  if (std::ssize(hidden) != rows * info.hidden_size) {
    return refuse(fmt::format("a step of {} rows comes with {} hidden values, {} a row are needed", rows,
                              hidden.size(), info.hidden_size));
  }
  return {};
}

// Releases and takes pages, and tells the workspace where each row lies.
Result<void> CpuEngine::place(const StepBatch& batch) {
  changes_.clear();
  sequences_.clear();
  for (const SequenceRows& sequence : batch.sequences) {
    changes_.push_back(
        {.slot = sequence.slot, .keep_length = sequence.keep_length, .row_count = sequence.row_count});
  }
  if (auto applied = parts_.pages.apply(batch.released_slots, changes_); !applied) return applied;
  for (const SequenceRows& sequence : batch.sequences) {
    sequences_.push_back({.pages = parts_.pages.pages(sequence.slot),
                          .first_position = sequence.keep_length,
                          .row_count = sequence.row_count});
  }
  ForwardPass::begin(pass_);
  ForwardPass::place_rows(pass_, sequences_);
  return {};
}

// Runs `work` on all threads. Afterwards it is mostly another node's turn, so the threads of idle_spin keep
// the processors awake.
void CpuEngine::run(FunctionRef<void(int64_t member)> work) {
  if (parts_.idle_spin != nullptr) parts_.idle_spin->end();
  parts_.team->run(work);
  if (parts_.idle_spin != nullptr) parts_.idle_spin->begin();
}

Result<void> CpuEngine::step(const StepBatch& batch, std::span<float> hidden) {
  if (auto checked = check(batch, hidden); !checked) return checked;
  if (auto placed = place(batch); !placed) return placed;
  const int64_t row_count = batch.row_count();
  if (row_count == 0) return {};
  os::set_float_environment();
  run([&](int64_t member) { run_layers(member, hidden, row_count); });
  return {};
}

void CpuEngine::run_layers(int64_t member, std::span<float> hidden, int64_t row_count) {
  ForwardPass pass(pass_, member, hidden.data(), row_count);
  pass.compute_angles();
  int64_t index = parts_.info.first_layer;
  for (const auto& layer : parts_.shard.layers) {
    layer->forward(pass);
    pass.next_layer();
    if (observer_) {
      if (member == 0) observer_(index, hidden);
      parts_.team->barrier();
    }
    ++index;
  }
}

Result<void> CpuEngine::embed(std::span<const TokenId> tokens, std::span<float> hidden) {
  const EngineInfo& info = parts_.info;
  if (!info.is_head) return refuse("this shard has no embedding");
  if (hidden.size() != tokens.size() * static_cast<size_t>(info.hidden_size)) {
    return refuse(fmt::format("{} tokens come with {} hidden values", tokens.size(), hidden.size()));
  }
  for (const TokenId token : tokens) {
    if (token < 0 || token >= info.vocabulary_size) {
      return refuse(fmt::format("token {} is not one of the vocabulary's {}", token, info.vocabulary_size));
    }
  }
  os::set_float_environment();
  const auto place = [&](int64_t row) {
    parts_.shard.head.embed(parts_.shard.config, parts_.kernels, tokens[static_cast<size_t>(row)],
                            hidden.data() + row * info.hidden_size);
  };
  if (tokens.size() == 1) {
    place(0);
    return {};
  }
  parts_.team->run([&](int64_t member) {
    const WorkRange rows = divide_work(std::ssize(tokens), 1, member, parts_.team->thread_count());
    for (int64_t row = rows.begin; row < rows.end; ++row) place(row);
  });
  return {};
}

// True when all logits are finite.
bool CpuEngine::project(const float* hidden, int64_t row_count, float* logits) {
  std::atomic<bool> finite = true;
  ForwardPass::begin(pass_);
  run([&](int64_t member) {
    // Without layers the pass only reads the hidden states.
    ForwardPass pass(pass_, member, const_cast<float*>(hidden), row_count);
    if (!parts_.shard.head.compute_logits(pass, logits)) finite = false;
  });
  return finite;
}

Result<void> CpuEngine::compute_logits(std::span<const float> hidden, std::span<float> logits) {
  const EngineInfo& info = parts_.info;
  if (!info.is_head) return refuse("this shard has no output matrix");
  const int64_t rows = std::ssize(hidden) / info.hidden_size;
  if (std::ssize(hidden) != rows * info.hidden_size || std::ssize(logits) != rows * info.vocabulary_size) {
    return refuse(fmt::format("{} hidden values and {} logits are not rows of {} and {}", hidden.size(),
                              logits.size(), info.hidden_size, info.vocabulary_size));
  }
  os::set_float_environment();
  for (int64_t first = 0; first < rows; first += info.row_limit) {
    const int64_t count = std::min(info.row_limit, rows - first);
    if (!project(hidden.data() + first * info.hidden_size, count,
                 logits.data() + first * info.vocabulary_size)) {
      return fail(ErrorCode::internal,
                  fmt::format("{} gave a logit that is not finite: its weights may be damaged",
                              parts_.shard.config.name));
    }
  }
  return {};
}

int64_t pages_for(int64_t tokens) { return (tokens + kv_page_tokens - 1) / kv_page_tokens; }

Result<EngineInfo> plan_engine(const ModelConfig& config, const CpuEngineSettings& settings) {
  if (auto checked = check_range(settings.range, config); !checked) return fail(checked.error());
  if (settings.thread_count < 1 || settings.slot_limit < 1 || settings.row_limit < 1 ||
      settings.context_length < 0) {
    return refuse(fmt::format("an engine of {} threads, {} slots, {} rows and a context of {}",
                              settings.thread_count, settings.slot_limit, settings.row_limit,
                              settings.context_length));
  }
  EngineInfo info{.first_layer = settings.range.first_layer,
                  .end_layer = settings.range.end_layer,
                  .is_head = settings.range.is_head,
                  .hidden_size = config.hidden_size,
                  .vocabulary_size = config.vocabulary_size,
                  .context_length = config.context_length,
                  .slot_limit = settings.slot_limit,
                  .row_limit = settings.row_limit,
                  .page_tokens = kv_page_tokens,
                  .page_capacity = 0,
                  .is_exact = true};
  if (settings.context_length > 0)
    info.context_length = std::min(info.context_length, settings.context_length);
  const int64_t page_bytes = kv_page_bytes(config, settings.range, settings.kv_type);
  const int64_t most = pages_for(info.context_length) * info.slot_limit;
  info.page_capacity = page_bytes == 0 ? most : std::min(most, settings.kv_memory_bytes / page_bytes);
  if (info.page_capacity < 1) {
    return fail(ErrorCode::resource_exhausted,
                fmt::format("{} bytes for keys and values do not hold one page of {} bytes",
                            settings.kv_memory_bytes, page_bytes));
  }
  return info;
}

}  // namespace

int64_t kv_page_bytes(const ModelConfig& config, const ShardRange& range, KvType type) {
  int64_t bytes = 0;
  for (int64_t number = range.first_layer; number < range.end_layer; ++number) {
    bytes += make_layer(config, number)->needs(type).kv_page_bytes;
  }
  return bytes;
}

Result<std::unique_ptr<Engine>> load_cpu_engine(const Checkpoint& checkpoint,
                                                const CpuEngineSettings& settings,
                                                std::function<void(int64_t, int64_t)> progress,
                                                std::stop_token stop) {
  const ModelConfig& config = checkpoint.config();
  const auto info = plan_engine(config, settings);
  if (!info) return fail(info.error(), config.name);
  auto team = ThreadTeam::create(settings.thread_count);
  if (!team) return fail(team.error(), config.name);
  os::set_float_environment();
  auto shard =
      load_shard(checkpoint, settings.range, **team,
                 {.precision = settings.precision, .progress = std::move(progress), .stop = std::move(stop)});
  if (!shard) return fail(shard.error());
  fit_ropes(shard->config, info->context_length);
  auto pages = KvPages::create({.page_bytes = kv_page_bytes(config, settings.range, settings.kv_type),
                                .page_capacity = info->page_capacity,
                                .slot_limit = info->slot_limit,
                                .token_limit = info->context_length});
  if (!pages) return fail(pages.error(), config.name);
  std::vector<StepNeeds> needs;
  for (const auto& layer : shard->layers) needs.push_back(layer->needs(settings.kv_type));
  auto workspace = Workspace::create(config, needs,
                                     {.row_limit = info->row_limit,
                                      .thread_count = settings.thread_count,
                                      .kv_type = settings.kv_type,
                                      .quantize = settings.precision == WeightPrecision::as_stored});
  if (!workspace) return fail(workspace.error(), config.name);
  const bool is_whole = info->end_layer - info->first_layer == config.layer_count();
  const bool spins = settings.keeps_processors_awake && !is_whole && !os::processor_time_is_limited();
  auto idle_spin = spins ? std::make_unique<IdleSpin>(settings.thread_count) : nullptr;
  return std::make_unique<CpuEngine>(CpuEngine::Parts{.info = *info,
                                                      .kernels = kernels_for(settings.isa),
                                                      .team = std::move(*team),
                                                      .idle_spin = std::move(idle_spin),
                                                      .shard = std::move(*shard),
                                                      .pages = std::move(*pages),
                                                      .workspace = std::move(*workspace)});
}

}  // namespace shoal
