// What the engine's tests share: expected numbers from files, and engines chained as a ring in one thread.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/os.h"
#include "engine/cpu_engine.h"
#include "files/safetensors.h"

namespace shoal {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  const auto text = os::read_text_file(path);
  return text ? nlohmann::json::parse(*text) : nlohmann::json();
}

// All F32 and I32 tensors of a file, as they lie.
struct OracleTensors {
  std::map<std::string, std::vector<float>> floats;
  std::map<std::string, std::vector<int32_t>> integers;

  static OracleTensors read(const std::filesystem::path& path) {
    OracleTensors result;
    const auto mapped = os::MappedFile::open(path);
    if (!mapped) return result;
    const auto file = parse_safetensors(mapped->bytes(), static_cast<int64_t>(mapped->bytes().size()));
    if (!file) return result;
    for (const SafetensorsTensor& tensor : file->tensors) {
      const auto* data = mapped->bytes().data() + tensor.offset;
      const auto count = static_cast<size_t>(tensor.bytes) / 4;
      const auto copy = [&](auto& target) {
        target.resize(count);
        std::memcpy(target.data(), data, 4 * count);
      };
      if (tensor.type == DType::f32) copy(result.floats[tensor.name]);
      if (tensor.type == DType::i32) copy(result.integers[tensor.name]);
    }
    return result;
  }
};

// Engines that hold a model's layers between them, driven one after another. `split` has the layers of each.
class EngineChain {
 public:
  static Result<EngineChain> load(const Checkpoint& checkpoint, const std::vector<int64_t>& split,
                                  CpuEngineSettings settings) {
    EngineChain chain;
    settings.keeps_processors_awake = false;
    int64_t layer = 0;
    for (size_t i = 0; i < split.size(); ++i) {
      settings.range = {.first_layer = layer, .end_layer = layer + split[i], .is_head = i == 0};
      layer += split[i];
      auto engine = load_cpu_engine(checkpoint, settings);
      if (!engine) return fail(engine.error());
      chain.engines_.push_back(std::move(*engine));
    }
    EXPECT_EQ(layer, checkpoint.config().layer_count());
    return chain;
  }

  Engine& head() { return *engines_.front(); }
  std::vector<std::unique_ptr<Engine>>& engines() { return engines_; }

  // The hidden states after the last layer, [rows, hidden].
  Result<std::vector<float>> step(const StepBatch& batch, const std::vector<TokenId>& tokens) {
    std::vector<float> hidden(tokens.size() * static_cast<size_t>(head().info().hidden_size));
    if (auto embedded = head().embed(tokens, hidden); !embedded) return fail(embedded.error());
    for (auto& engine : engines_) {
      if (auto done = engine->step(batch, hidden); !done) return fail(done.error());
    }
    return hidden;
  }

  Result<std::vector<float>> logits(std::span<const float> hidden) {
    const size_t rows = hidden.size() / static_cast<size_t>(head().info().hidden_size);
    std::vector<float> logits(rows * static_cast<size_t>(head().info().vocabulary_size));
    if (auto done = head().compute_logits(hidden, logits); !done) return fail(done.error());
    return logits;
  }

  // Logits of all of `tokens` in `slot`, which holds `keep_length` tokens before them, in steps of `chunk`
  // rows.
  Result<std::vector<float>> logits_of(int32_t slot, int64_t keep_length, std::span<const TokenId> tokens,
                                       int64_t chunk) {
    std::vector<float> all;
    while (!tokens.empty()) {
      const auto rows = std::min(chunk, std::ssize(tokens));
      const auto part = tokens.first(static_cast<size_t>(rows));
      const auto hidden = step({.sequences = {{slot, keep_length, rows}}, .released_slots = {}},
                               std::vector<TokenId>(part.begin(), part.end()));
      if (!hidden) return fail(hidden.error());
      const auto some = logits(*hidden);
      if (!some) return fail(some.error());
      all.insert(all.end(), some->begin(), some->end());
      tokens = tokens.subspan(static_cast<size_t>(rows));
      keep_length += rows;
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<Engine>> engines_;
};

inline std::span<const float> row_of(const std::vector<float>& values, int64_t row, int64_t columns) {
  return std::span(values).subspan(static_cast<size_t>(row * columns), static_cast<size_t>(columns));
}

inline TokenId largest(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// What comes after `prompt` when always the largest logit is taken.
inline Result<std::vector<TokenId>> generate_greedily(EngineChain& chain, const std::vector<TokenId>& prompt,
                                                      int64_t count) {
  const int64_t vocabulary = chain.head().info().vocabulary_size;
  std::vector<TokenId> next = prompt;
  std::vector<TokenId> generated;
  int64_t length = 0;
  while (std::ssize(generated) < count) {
    const auto logits = chain.logits_of(0, length, next, 512);
    if (!logits) return fail(logits.error());
    length += std::ssize(next);
    next = {largest(row_of(*logits, std::ssize(next) - 1, vocabulary))};
    generated.push_back(next.front());
  }
  return generated;
}

inline CpuEngineSettings exact_settings() {
  CpuEngineSettings settings;
  settings.precision = WeightPrecision::exact_float;
  settings.kv_type = KvType::f32;
  settings.kv_memory_bytes = int64_t{64} << 20;
  settings.context_length = 1024;
  return settings;
}

}  // namespace shoal
