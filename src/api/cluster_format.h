// Writes cluster and models as JSON: exo's topology with further members, and OpenAI's list of models. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/cluster_view.h"

namespace shoal {

std::string format_topology(const ClusterView& cluster);

// {"object": "list", "data": [{"id", "object", "created", "owned_by", "ready"}]}; `ready` says that the model
// is loaded. `created` is the time, in seconds since 1970, at which this node began to offer models.
std::string format_models(const std::vector<ModelView>& models, int64_t created);
std::string format_model(const ModelView& model, int64_t created);

std::string format_status(const ClusterView& cluster, const ServiceStatus& status, double tokens_per_second,
                          const std::optional<std::string>& default_model);

}  // namespace shoal
