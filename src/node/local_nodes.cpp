#include "node/local_nodes.h"

#include "json/members.h"
#include "json/value.h"

namespace shoal {
namespace {

constexpr std::string_view suffix = ".node.json";

std::optional<LocalNode> parse_local_node(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return std::nullopt;
  const auto port_of = [&](std::string_view name) {
    const int64_t port = integer_member(*value, name);
    return port > 0 && port < 65536 ? static_cast<int32_t>(port) : 0;
  };
  LocalNode node{.node = text_member(*value, "node_id"),
                 .peer_port = port_of("node_port"),
                 .api_host = text_member(*value, "api_host"),
                 .api_port = port_of("api_port")};
  if (node.node.empty() || node.api_port == 0) return std::nullopt;
  return node;
}

}  // namespace

Result<os::LivingFile> tell_local_node(const std::filesystem::path& folder, const LocalNode& node) {
  const Value text = Value::Object{{"node_id", node.node},
                                   {"node_port", int64_t{node.peer_port}},
                                   {"api_host", node.api_host},
                                   {"api_port", int64_t{node.api_port}}};
  // The file's name is random, because a machine with several clusters may have the same node id twice.
  return os::LivingFile::create(folder / (make_random_id("") + std::string(suffix)), format_json(text));
}

std::vector<LocalNode> find_local_nodes(const std::filesystem::path& folder) {
  std::vector<LocalNode> nodes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.path().string().ends_with(suffix)) continue;
    const auto text = os::LivingFile::read(entry.path());
    if (!text) continue;
    if (auto node = parse_local_node(*text)) nodes.push_back(*std::move(node));
  }
  return nodes;
}

}  // namespace shoal
