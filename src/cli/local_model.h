// A model in this process, run step by step through the real ring: for looking inside.
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
  std::vector<int64_t> split;  // layers of each stage, head first; empty: one stage holds all
  int64_t thread_count = 1;    // of each stage
  Isa isa = Isa::reference;
  bool exact_float = false;  // weights exactly as float32, and float32 activations
  KvType kv_type = KvType::f16;
  int64_t slot_limit = 1;
  int64_t row_limit = 512;
  int64_t context_length = 0;  // positions of each slot; 0: what the model says
};

// The engines of all stages, head first.
struct LocalEngines {
  ModelConfig config;
  int64_t bytes_per_token;  // that decoding one token reads, as the file has them
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

  // The logits of all of `tokens`, [tokens, vocabulary_size], run as slot 0 from position 0 in steps of
  // `chunk` rows.
  Result<std::vector<float>> run_sequence(std::span<const TokenId> tokens, int64_t chunk);

  // See Engine::observe_layers; `observer` is called for the layers of every stage, one stage at a time as
  // long as one step at a time is run. Not while a step runs.
  void observe_layers(const Engine::LayerObserver& observer);

 private:
  struct State;
  explicit LocalModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal
