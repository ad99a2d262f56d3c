// The values that settings of sampling may have, whether from a client, another node or a model's files.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "scheduler/request_settings.h"

namespace shoal {

struct SamplingRange {
  std::string_view name;  // as in requests
  std::optional<double> SamplingWishes::* setting;
  double low;
  double high;
  bool excludes_low = false;

  bool has(double value) const {  // false for NaN
    return (excludes_low ? value > low : value >= low) && value <= high;
  }
};

inline constexpr int64_t maximum_top_k = INT32_MAX;
inline constexpr double maximum_bias = 100;  // and at least its negative

// The ranges of all floating-point settings.
std::span<const SamplingRange> sampling_ranges();
const SamplingRange& sampling_range(std::string_view name);

// invalid_argument says which setting has which value, and what is allowed.
Result<void> check_sampling(const SamplingWishes& wishes);

}  // namespace shoal
