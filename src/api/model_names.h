// Finds the model that a client means: by its own name, or by what other servers and libraries make of that.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/cluster_view.h"

namespace shoal {

// The name without "openai/" and the like in front, and without ":latest" behind.
std::string plain_model_name(std::string_view name);

// Finds a model by its own name, else by its plain name, else by either in any case if only one model has it;
// nullptr when there is none.
const ModelView* find_model(const std::vector<ModelView>& models, std::string_view name);

// Whether it is the name of one of OpenAI's models, which stands for whatever the node serves.
bool is_openai_model(std::string_view name);

}  // namespace shoal
