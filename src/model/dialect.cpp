#include "model/dialect.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace shoal {
namespace {

std::string_view layers_prefix(Dialect dialect) {
  switch (dialect) {
    case Dialect::gguf: return "blk.";
    case Dialect::hugging_face: return "model.layers.";
  }
  std::unreachable();
}

}  // namespace

std::string layer_prefix(Dialect dialect, int64_t layer) {
  return fmt::format("{}{}.", layers_prefix(dialect), layer);
}

std::optional<int64_t> layer_of_name(Dialect dialect, std::string_view name) {
  const std::string_view prefix = layers_prefix(dialect);
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = name.substr(prefix.size());
  int64_t layer = -1;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), layer);
  const auto digits = static_cast<size_t>(end - rest.data());
  if (error != std::errc() || digits >= rest.size() || rest[digits] != '.') return std::nullopt;
  return layer;
}

}  // namespace shoal
