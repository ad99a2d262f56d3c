// Parses the value of --partitioning as a user types it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cluster/placement.h"

namespace shoal {
namespace {

constexpr std::string_view manual_prefix = "manual:";

std::optional<int64_t> parse_layer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1'000'000)
    return std::nullopt;
  return value;
}

// `text` is "a:0-9" or "a:5". Node ids may contain colons, so the last colon separates.
Result<PlanStage> parse_stage(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--partitioning: \"{}\" is not NODE:FIRST-LAST, for example a:0-9", text));
  }
  const std::string_view range = text.substr(colon + 1);
  const size_t dash = range.find('-');
  const auto first = parse_layer(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_layer(range.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--partitioning: \"{}\" in \"{}\" is not a range of layers, for example 0-9",
                            range, text));
  }
  return PlanStage{.node = NodeId(text.substr(0, colon)), .first_layer = *first, .end_layer = *last + 1};
}

}  // namespace

Result<PartitioningPolicy> parse_partitioning(std::string_view flag) {
  if (flag == "ring_memory_weighted") return MemoryWeighted{};
  if (!flag.starts_with(manual_prefix)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--partitioning: unknown policy \"{}\"; known are ring_memory_weighted and "
                            "manual:NODE:FIRST-LAST,NODE:FIRST-LAST,…",
                            flag));
  }
  ManualPartition manual;
  std::string_view rest = flag.substr(manual_prefix.size());
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    auto stage = parse_stage(rest.substr(0, comma));
    if (!stage) return fail(stage.error());
    if (std::ranges::find(manual.stages, stage->node, &PlanStage::node) != manual.stages.end()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--partitioning: node \"{}\" is named twice", stage->node));
    }
    manual.stages.push_back(*std::move(stage));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  std::ranges::stable_sort(manual.stages, {}, &PlanStage::first_layer);
  return manual;
}

}  // namespace shoal
