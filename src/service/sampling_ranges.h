// What the settings of sampling may be, wherever they come from: a client, another node, a model's files.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "scheduler/request_settings.h"

namespace shoal {

struct SamplingRange {
  std::string_view name;  // as requests write it
  std::optional<double> SamplingWishes::* setting;
  double low;
  double high;
  bool excludes_low = false;

  bool has(double value) const {  // never a value that is no number
    return (excludes_low ? value > low : value >= low) && value <= high;
  }
};

inline constexpr int64_t maximum_top_k = INT32_MAX;
inline constexpr double maximum_bias = 100;  // and its negative

// Of all settings that are such numbers; the name is one of them.
std::span<const SamplingRange> sampling_ranges();
const SamplingRange& sampling_range(std::string_view name);

// invalid_argument that names the setting, its value and what is allowed.
Result<void> check_sampling(const SamplingWishes& wishes);

}  // namespace shoal
