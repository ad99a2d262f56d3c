// A model in this process that is run step by step through the real ring, for commands that look inside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "ring/ring.h"

namespace shoal {

struct LocalModelSettings {
  std::vector<int64_t> split;  // number of layers of each stage, head first; empty: one stage holds all
  int64_t thread_count = 1;    // per stage
  Isa isa = Isa::reference;
  bool exact_float = false;  // weights as exact float32, and float32 activations
  KvType kv_type = KvType::f16;
  int64_t slot_limit = 1;
  int64_t row_limit = 512;
  int64_t context_length = 0;  // positions of each slot; 0: the model's own
};

// The engines of all stages, head first.
struct LocalEngines {
  ModelConfig config;
  int64_t bytes_per_token;  // bytes of weights that decoding one token reads, as stored in the file
  std::vector<std::shared_ptr<Engine>> engines;
};
Result<LocalEngines> load_engines(const std::filesystem::path& path, const LocalModelSettings& settings);

class LocalModel {
 public:
  static Result<std::unique_ptr<LocalModel>> load(const std::filesystem::path& path,
                                                  const LocalModelSettings& settings);
  ~LocalModel();

  const ModelConfig& config() const;
  const RingLimits& limits() const;

  // Sends one step round the ring and waits for it.
  Result<StepOutput> run(Step step);

  // Runs `tokens` in slot 0 from position 0 in steps of `chunk` rows and returns the logits of all of them,
  // [tokens, vocabulary_size].
  Result<std::vector<float>> run_sequence(std::span<const TokenId> tokens, int64_t chunk);

  // Observes all stages, see Engine::observe_layers(). While only one step runs at a time, so does only one
  // stage. Not to be called while a step runs.
  void observe_layers(const Engine::LayerObserver& observer);

 private:
  struct State;
  explicit LocalModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
