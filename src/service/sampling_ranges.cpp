#include "service/sampling_ranges.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace shoal {

std::span<const SamplingRange> sampling_ranges() {
  static constexpr SamplingRange range_table[] = {
      {"temperature", &SamplingWishes::temperature, 0, 2},
      {"top_p", &SamplingWishes::top_p, 0, 1},
      {"min_p", &SamplingWishes::min_p, 0, 1},
      {"repetition_penalty", &SamplingWishes::repetition_penalty, 0, 10, /*excludes_low=*/true},
      {"presence_penalty", &SamplingWishes::presence_penalty, -2, 2},
      {"frequency_penalty", &SamplingWishes::frequency_penalty, -2, 2},
      {"default_temperature", &SamplingWishes::default_temperature, 0, 100}};
  return range_table;
}

const SamplingRange& sampling_range(std::string_view name) {
  const auto ranges = sampling_ranges();
  const auto found = std::ranges::find(ranges, name, &SamplingRange::name);
  CHECK(found != ranges.end());
  return *found;
}

Result<void> check_sampling(const SamplingWishes& wishes) {
  const auto refuse = [](std::string_view name, auto value, std::string_view must) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} is {}, it must be {}", name, value, must));
  };
  for (const SamplingRange& range : sampling_ranges()) {
    const std::optional<double>& value = wishes.*range.setting;
    if (value && !range.has(*value)) {
      const std::string_view above = range.excludes_low ? "greater than" : "from";
      const std::string_view below = range.excludes_low ? "and at most" : "to";
      return refuse(range.name, *value, fmt::format("{} {} {} {}", above, range.low, below, range.high));
    }
  }
  if (wishes.top_k && (*wishes.top_k < 0 || *wishes.top_k > maximum_top_k))
    return refuse("top_k", *wishes.top_k, fmt::format("from 0 to {}", maximum_top_k));
  for (const auto& [token, bias] : wishes.logit_bias) {
    if (!(bias >= -maximum_bias && bias <= maximum_bias)) {
      return refuse(fmt::format("logit_bias of token {}", token), bias,
                    fmt::format("from {} to {}", -maximum_bias, maximum_bias));
    }
  }
  return {};
}

}  // namespace shoal
