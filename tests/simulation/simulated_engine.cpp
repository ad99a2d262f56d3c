#include "simulated_engine.h"

#include <algorithm>
#include <utility>

namespace shoal {
namespace {

constexpr int64_t vocabulary = 32;
constexpr uint64_t modulus = 65521;  // small enough that hidden states are exact in float32
constexpr int64_t page_tokens = 4;

std::vector<const SimulatedEngine*>& living_engines() {
  static std::vector<const SimulatedEngine*> engines;
  return engines;
}

// Each letter is a token; token 0 ends a generation.
class LetterTokenizer final : public Tokenizer {
 public:
  std::vector<TokenId> encode(std::string_view text, SpecialTokens) const override {
    std::vector<TokenId> tokens;
    for (const char letter : text) {
      tokens.push_back(1 + static_cast<TokenId>(static_cast<unsigned char>(letter) % (vocabulary - 1)));
    }
    return tokens;
  }
  std::string_view token_bytes(TokenId token) const override {
    static constexpr std::string_view letters = "$abcdefghijklmnopqrstuvwxyzABCDEF";
    return letters.substr(static_cast<size_t>(token), 1);
  }
  bool is_special(TokenId token) const override { return token == 0; }
  int64_t vocabulary_size() const override { return vocabulary; }
  std::optional<TokenId> find_token(std::string_view) const override { return std::nullopt; }
  std::optional<TokenId> bos() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  const std::vector<TokenId>& end_tokens() const override { return end_; }

 private:
  std::vector<TokenId> end_ = {0};
};

}  // namespace

std::shared_ptr<const TextAssets> make_simulated_text() {
  auto text = std::make_shared<TextAssets>();
  text->tokenizer = std::make_unique<LetterTokenizer>();
  return text;
}

SimulatedEngine::SimulatedEngine(const SimulatedModel& model, const PlanStage& stage, bool is_head,
                                 int64_t context_length)
    : info_{.first_layer = stage.first_layer,
            .end_layer = stage.end_layer,
            .is_head = is_head,
            .hidden_size = 1,
            .vocabulary_size = vocabulary,
            .context_length = context_length,
            .slot_limit = 16,
            .row_limit = 64,
            .page_tokens = page_tokens,
            .page_capacity = model.page_capacity,
            .is_exact = true},
      content_(model.content) {
  living_engines().push_back(this);
}

SimulatedEngine::~SimulatedEngine() { std::erase(living_engines(), this); }

const std::vector<const SimulatedEngine*>& SimulatedEngine::living() { return living_engines(); }

int64_t SimulatedEngine::pages_in_use() const {
  int64_t pages = 0;
  for (const auto& [slot, layers] : slots_) {
    const auto tokens = layers.empty() ? 0 : static_cast<int64_t>(layers.front().size());
    pages += (tokens + page_tokens - 1) / page_tokens;
  }
  return pages;
}

Result<void> SimulatedEngine::step(const StepBatch& batch, std::span<float> hidden) {
  for (const int32_t slot : batch.released_slots) slots_.erase(slot);
  const auto layer_count = static_cast<size_t>(info_.end_layer - info_.first_layer);
  size_t row = 0;
  for (const SequenceRows& sequence : batch.sequences) {
    auto& layers = slots_[sequence.slot];
    layers.resize(layer_count);
    const auto keep = static_cast<size_t>(sequence.keep_length);
    for (std::vector<uint64_t>& values : layers) {
      if (values.size() < keep) return fail(ErrorCode::invalid_argument, "rows beyond what is kept");
      values.resize(keep);
    }
    for (int64_t i = 0; i < sequence.row_count; ++i, ++row) {
      auto value = static_cast<uint64_t>(hidden[row]);
      for (size_t layer = 0; layer < layer_count; ++layer) {
        std::vector<uint64_t>& values = layers[layer];
        values.push_back(value);
        uint64_t sum = value * 31 + static_cast<uint64_t>(info_.first_layer) + layer + content_;
        for (size_t position = 0; position < values.size(); ++position)
          sum += values[position] * (position + 7);
        value = sum % modulus;
      }
      hidden[row] = static_cast<float>(value);
    }
  }
  if (pages_in_use() > info_.page_capacity) return fail(ErrorCode::resource_exhausted, "out of pages");
  return {};
}

Result<void> SimulatedEngine::embed(std::span<const TokenId> tokens, std::span<float> hidden) {
  for (size_t i = 0; i < tokens.size(); ++i) hidden[i] = static_cast<float>(tokens[i] * 101 + 3);
  return {};
}

Result<void> SimulatedEngine::compute_logits(std::span<const float> hidden, std::span<float> logits) {
  for (size_t row = 0; row < hidden.size(); ++row) {
    const auto value = static_cast<uint64_t>(hidden[row]);
    for (uint64_t token = 0; token < vocabulary; ++token) {
      const uint64_t mixed = (value * 2654435761u + token * 40503u * (value + 1)) % 1009;
      logits[row * vocabulary + token] = static_cast<float>(mixed) / 150.0f;
    }
  }
  return {};
}

namespace {

ModelFingerprint fingerprint_of(const SimulatedModel& model) {
  return {.weight_bytes = model.layer_count * model.layer_bytes + model.head_bytes,
          .settings = 1,
          .text = 1,
          .weights = model.content + 1};
}

}  // namespace

std::vector<ModelReport> SimulatedEngineSource::models() {
  std::vector<ModelReport> models;
  for (const auto& [name, model] : models_) {
    models.push_back({.name = name, .fingerprint = fingerprint_of(model), .problem = {}});
  }
  return models;
}

Result<ModelDemand> SimulatedEngineSource::describe(const InstanceId& name) {
  auto found = models_.find(name);
  if (found == models_.end()) return fail(ErrorCode::not_found, "no files of " + name);
  const SimulatedModel& model = found->second;
  return ModelDemand{
      .model = name,
      .layer_bytes = std::vector<int64_t>(static_cast<size_t>(model.layer_count), model.layer_bytes),
      .head_bytes = model.head_bytes,
      .kv_bytes_per_token_layer = model.kv_bytes_per_token_layer,
      .context_length = model.context_length,
      .scratch_bytes = 10,
      .least_context_length = model.least_context_length,
      .fingerprint = fingerprint_of(model)};
}

struct SimulatedEngineSource::Load {
  SimulatedModel model;
  PlanStage stage;
  bool is_head;
  int64_t context_length;
  int64_t bytes_done = 0;
  std::stop_token stop;
  std::function<void(LoadProgress)> progress;
  std::function<void(Result<LoadedShard>)> done;
};

void SimulatedEngineSource::load(const Plan& plan, const PlanStage& stage, std::stop_token stop,
                                 std::function<void(LoadProgress)> progress,
                                 std::function<void(Result<LoadedShard>)> done) {
  ++loads_begun_;
  const std::string difference =
      describe_difference(fingerprint_of(models_.at(plan.instance)), plan.fingerprint);
  if (!difference.empty()) {
    world_.at_after(std::chrono::milliseconds(1), [done = std::move(done), difference] {
      done(fail(ErrorCode::unavailable, "other files than the plan names: " + difference));
    });
    return;
  }
  go_on(std::make_shared<Load>(Load{.model = models_.at(plan.instance),
                                    .stage = stage,
                                    .is_head = plan.head() == stage.node,
                                    .context_length = plan.context_length,
                                    .stop = std::move(stop),
                                    .progress = std::move(progress),
                                    .done = std::move(done)}));
}

void SimulatedEngineSource::go_on(const std::shared_ptr<Load>& load) {
  const auto pause = std::chrono::milliseconds(1 + world_.random()() % 60);
  world_.at_after(pause, [this, load] {
    const int64_t total = (load->stage.end_layer - load->stage.first_layer) * load->model.layer_bytes +
                          (load->is_head ? load->model.head_bytes : 0);
    if (load->stop.stop_requested()) {
      load->done(fail(ErrorCode::cancelled, "loading was stopped"));
    } else if (load->bytes_done < total) {
      if (!hangs_) load->bytes_done = std::min(load->bytes_done + load->model.layer_bytes, total);
      load->progress({.bytes_done = load->bytes_done, .bytes_total = total});
      go_on(load);
    } else if (load->model.load_fails) {
      load->done(fail(ErrorCode::corrupt_data, "layer 3 is torn"));
    } else {
      load->done(LoadedShard{.engine = std::make_shared<SimulatedEngine>(load->model, load->stage,
                                                                         load->is_head, load->context_length),
                             .text = load->is_head ? make_simulated_text() : nullptr});
    }
  });
}

}  // namespace shoal
