#include "ring/ring_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal {
namespace {

Result<void> check_neighbours(const EngineInfo& before, const EngineInfo& stage, int64_t index) {
  if (stage.is_head) {
    return fail(ErrorCode::invalid_argument, fmt::format("stage {} is a second head", index));
  }
  if (stage.first_layer != before.end_layer) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("stage {} begins with layer {}, the one before ends with {}", index,
                            stage.first_layer, before.end_layer - 1));
  }
  if (stage.hidden_size != before.hidden_size || stage.page_tokens != before.page_tokens) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("stage {} has hidden size {} and pages of {} tokens, the one before {} and {}", index,
                    stage.hidden_size, stage.page_tokens, before.hidden_size, before.page_tokens));
  }
  return {};
}

}  // namespace

Result<RingLimits> combine_limits(std::span<const EngineInfo> stages) {
  if (stages.empty()) return fail(ErrorCode::invalid_argument, "a ring has at least one stage");
  const EngineInfo& head = stages.front();
  if (!head.is_head) return fail(ErrorCode::invalid_argument, "the first stage is not the head");
  RingLimits limits{.slot_limit = head.slot_limit,
                    .row_limit = head.row_limit,
                    .page_tokens = head.page_tokens,
                    .page_capacity = head.page_capacity,
                    .context_length = head.context_length,
                    .vocabulary_size = head.vocabulary_size,
                    .stage_count = static_cast<int64_t>(stages.size()),
                    .is_exact = head.is_exact};
  for (size_t i = 1; i < stages.size(); ++i) {
    const EngineInfo& stage = stages[i];
    if (Result<void> fits = check_neighbours(stages[i - 1], stage, static_cast<int64_t>(i)); !fits) {
      return fail(fits.error());
    }
    limits.slot_limit = std::min(limits.slot_limit, stage.slot_limit);
    limits.row_limit = std::min(limits.row_limit, stage.row_limit);
    limits.page_capacity = std::min(limits.page_capacity, stage.page_capacity);
    limits.context_length = std::min(limits.context_length, stage.context_length);
    limits.is_exact = limits.is_exact && stage.is_exact;
  }
  return limits;
}

}  // namespace shoal
