// Checks whether what a node reports of itself can be true, and is small enough that every node may report as
// much. Pure.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "cluster/node_report.h"

namespace shoal {

// A report is sent to every node five times a second, so these are kept low.
inline constexpr int64_t report_model_limit = 1000;
inline constexpr int64_t report_name_bytes_limit = 64 << 10;  // names and problems of all its models together
inline constexpr int64_t report_shard_limit = 64;

// invalid_argument says which value is wrong.
Result<void> check_report(const NodeReport& report);

// How many of these models, from the first on, a report has room for.
int64_t reportable_models(const std::vector<ModelReport>& models);

}  // namespace shoal
