// Whether what a node says of itself can be true, and is small enough that all may say as much. Pure.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "cluster/node_report.h"

namespace shoal {

// A report travels five times a second to every node.
inline constexpr int64_t report_model_limit = 1000;
inline constexpr int64_t report_name_bytes_limit =
    64 << 10;  // of all its models together, with what is wrong with them
inline constexpr int64_t report_shard_limit = 64;

// invalid_argument names what is wrong, with its value.
Result<void> check_report(const NodeReport& report);

// How many of these models a report has room for.
int64_t reportable_models(const std::vector<ModelReport>& models);

}  // namespace shoal
