// The names under which clients ask for a model: its own, or what other servers and libraries make of it.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/cluster_view.h"

namespace shoal {

// Without what says only where it comes from or which of its versions it is: "openai/NAME", "NAME:latest".
std::string plain_model_name(std::string_view name);

// By its own name, else by its plain name, else by either in any case, where only one is meant. nullptr:
// none.
const ModelView* find_model(const std::vector<ModelView>& models, std::string_view name);

// One of OpenAI's, which stands for whatever the node serves.
bool is_openai_model(std::string_view name);

}  // namespace shoal
