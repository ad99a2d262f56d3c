#include "api/model_names.h"

#include <algorithm>
#include <array>

#include "base/letter_case.h"

namespace shoal {
namespace {

// The model of this name in any case; nullptr when none or several have it.
const ModelView* find_in_any_case(const std::vector<ModelView>& models, std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  const ModelView* found = nullptr;
  for (const ModelView& model : models) {
    if (to_lower_ascii(model.name) != lower) continue;
    if (found != nullptr) return nullptr;
    found = &model;
  }
  return found;
}

}  // namespace

std::string plain_model_name(std::string_view name) {
  // LiteLLM and its like put these in front to say what kind of server they speak to.
  constexpr std::array<std::string_view, 8> servers{"openai/",    "custom_openai/", "hosted_vllm/", "vllm/",
                                                    "llamafile/", "lm_studio/",     "ollama/",      "shoal/"};
  constexpr std::string_view latest = ":latest";
  for (const std::string_view server : servers) {
    if (!to_lower_ascii(name).starts_with(server)) continue;
    name.remove_prefix(server.size());
    break;
  }
  if (name.size() > latest.size() && to_lower_ascii(name).ends_with(latest))
    name.remove_suffix(latest.size());
  return std::string(name);
}

const ModelView* find_model(const std::vector<ModelView>& models, std::string_view name) {
  const std::string plain = plain_model_name(name);
  for (const std::string_view wish : {name, std::string_view(plain)}) {
    const auto found = std::ranges::find(models, wish, &ModelView::name);
    if (found != models.end()) return &*found;
  }
  const ModelView* found = find_in_any_case(models, name);
  return found != nullptr ? found : find_in_any_case(models, plain);
}

bool is_openai_model(std::string_view name) { return to_lower_ascii(name).starts_with("gpt-"); }

}  // namespace shoal
