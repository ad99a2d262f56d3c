#include "model/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "base/check.h"
#include "model/architectures/architectures.h"

namespace shoal {
namespace {

const std::array<const Architecture*, 2>& architectures() {
  static const std::array<const Architecture*, 2> all = {&llama_architecture(), &qwen2_architecture()};
  return all;
}

}  // namespace

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->name == name) return architecture;
  }
  return nullptr;
}

std::string architecture_names() {
  std::vector<std::string_view> names;
  for (const Architecture* architecture : architectures()) names.push_back(architecture->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::unique_ptr<Layer> make_layer(const ModelConfig& config, int64_t number) {
  const Architecture* architecture = find_architecture(config.architecture);
  CHECK(architecture != nullptr);
  return architecture->make_layer(config, config.layers[static_cast<size_t>(number)]);
}

}  // namespace shoal
