// A configuration while it is read: what files say of most families is there, and a family's own reader
// (Architecture::describe) changes and adds what is particular to it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/function_ref.h"
#include "model/config.h"
#include "model/rope.h"
#include "model/settings.h"

namespace shoal {

struct Architecture;

struct ConfigDraft {
  ModelConfig config;
  std::vector<RopeSettings> ropes;  // what ModelConfig::ropes will be made from
  RopeLayout rope_layout{};
};

// What files say of the ropes of all layers that turn `head_dim` elements or a part of them; of the layers of
// one kind ("sliding_attention") where files tell them apart.
RopeSettings read_rope(Settings& settings, const ConfigDraft& draft, int64_t head_dim,
                       std::string_view layer_kind);

// Gives windows to the layers that files name as sliding or, where they name none, to those that `slides`
// tells. The size of the window comes from the files; null or 0 is none.
void read_windows(Settings& settings, ConfigDraft& draft, FunctionRef<bool(int64_t layer)> slides);

// Reads what most families say, then what is particular to this one. The vocabulary's size and whether the
// embedding serves as the output matrix are not read. What makes no sense or is not supported is told by
// `settings`.
ConfigDraft read_draft(Settings& settings, const Architecture& architecture);

// Checks all sizes, so that products of them do not overflow, then computes the ropes' frequencies.
Result<ModelConfig> finish_config(ConfigDraft draft);

}  // namespace shoal
