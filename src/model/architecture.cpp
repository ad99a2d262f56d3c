#include "model/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/check.h"

namespace shoal {

// Each file of architectures/ defines one of these.
namespace architectures {
#define FAMILY(name) extern const Architecture name;
#include "model/architectures/families.inl"
#undef FAMILY
}  // namespace architectures

namespace {

constexpr const Architecture* families[] = {
#define FAMILY(name) &architectures::name,
#include "model/architectures/families.inl"
#undef FAMILY
};

}  // namespace

const Architecture* find_architecture(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const Architecture* family : families) {
    for (const auto& names : {family->gguf, family->hugging_face}) {
      if (std::ranges::find(names, name) != names.end()) return family;
    }
  }
  return nullptr;
}

std::string architecture_names() {
  std::set<std::string_view> all;
  for (const Architecture* family : families) {
    for (const auto& names : {family->gguf, family->hugging_face}) all.insert(names.begin(), names.end());
  }
  all.erase("");
  return fmt::format("{}", fmt::join(all, ", "));
}

std::unique_ptr<Layer> make_layer(const ModelConfig& config, int64_t number) {
  const Architecture* architecture = find_architecture(config.architecture);
  CHECK(architecture != nullptr);
  return architecture->make_layer(config, config.layers[static_cast<size_t>(number)]);
}

}  // namespace shoal
