// Computes rope frequencies from the settings in model files. Sources: transformers' modeling_rope_utils.py
// (linear, llama3, yarn, longrope) and GGUF's rope_freqs.weight.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "model/config.h"

namespace shoal {

enum class RopeScaling : uint8_t { none, linear, llama3, yarn, longrope };

struct RopeSettings {
  RopeLayout layout = RopeLayout::half;
  int64_t dimensions = 0;  // how many of a head's elements are turned, from the first on; even
  double base = 10000.0;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;
  double original_context_length = 0;     // llama3, yarn, longrope
  double low_frequency_factor = 1.0;      // llama3
  double high_frequency_factor = 4.0;     // llama3
  double beta_fast = 32.0;                // yarn
  double beta_slow = 1.0;                 // yarn
  bool truncate = true;                   // yarn: the ramp begins and ends at whole dimensions
  std::optional<double> magnitude = {};   // used instead of the one that follows from the factor
  std::vector<float> divisors = {};       // one for each frequency, [dimensions / 2]; empty: all 1
  std::vector<float> long_divisors = {};  // longrope: those of long sequences, [dimensions / 2]
};

// corrupt_data for settings that make no sense.
Result<RopeConfig> make_rope(const RopeSettings& settings);

// Longrope's frequencies become those of sequences as long as an engine allows. One choice for all of them,
// as llama.cpp makes it: were it made for each sequence, keys that are kept would have to be turned again
// when a sequence grows long.
void fit_ropes(ModelConfig& config, int64_t context_length);

// yarn's magnitude: 1 + 0.1·ln(factor)·scale for factors above 1, else 1.
double yarn_magnitude(double factor, double scale);

}  // namespace shoal
