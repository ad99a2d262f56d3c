#include "node/node_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/log.h"
#include "json/members.h"
#include "json/value.h"
#include "node/local_nodes.h"

namespace shoal {
namespace {

constexpr int tries = 100;

// The name kept in `file`, if it was kept for this host name: a renamed host gets a new name.
std::optional<NodeId> find_kept_name(const std::filesystem::path& file, const NodeId& host) {
  const auto text = os::read_text_file(file);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value) return std::nullopt;
  // Anybody may have written the file, so only a name that is made as from a host's is believed.
  const std::string name = text_member(*value, "name");
  if (text_member(*value, "host") != host || name_of_host(name) != name || name.empty()) return std::nullopt;
  return name;
}

void keep_name(const std::filesystem::path& file, const NodeId& host, const NodeId& name) {
  const Value text = Value::Object{{"host", host}, {"name", name}};
  if (auto kept = os::write_text_file(file, format_json(text)); !kept)
    log_debug(1, "{}", kept.error().message);
}

}  // namespace

NodeId name_of_host(std::string_view host_name) {
  NodeId name;
  for (const char c : host_name.substr(0, host_name.find('.'))) {
    const bool is_usual = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += is_usual ? c : '-';
  }
  constexpr size_t longest = 48;
  name = name.substr(0, longest);
  const bool is_real = std::ranges::any_of(name, [](unsigned char c) { return std::isalnum(c) != 0; });
  return is_real && name != "localhost" && name != "unknown" ? name : NodeId();
}

NodeId choose_free_name(const NodeId& base, const std::function<bool(const NodeId&)>& is_free) {
  if (base.empty()) return make_random_id("node-");
  for (int i = 1; i <= tries; ++i) {
    NodeId name = i == 1 ? base : fmt::format("{}-{}", base, i);
    if (is_free(name)) return name;
  }
  return make_random_id(base + "-");
}

OwnName take_own_name(const std::filesystem::path& home, const std::function<bool(const NodeId&)>& is_taken) {
  const NodeId host = name_of_host(os::host_name());
  const std::filesystem::path file = home / "node-name.json";
  const auto folder = os::user_folder();
  OwnName own;
  bool is_another_here = false;
  const auto claim = [&](const NodeId& name) {
    if (!folder) return true;
    const auto nodes = find_local_nodes(*folder);
    const std::filesystem::path path = *folder / (name + ".name");
    const bool is_claimed = os::LivingFile::read(path).has_value() ||
                            std::ranges::find(nodes, name, &LocalNode::node) != nodes.end();
    auto made = is_claimed ? Result<os::LivingFile>(fail(ErrorCode::unavailable, "claimed"))
                           : os::LivingFile::create(path, name);
    if (!made) {
      is_another_here = true;
      return false;
    }
    own.claim.emplace(*std::move(made));
    return true;
  };
  const auto is_free = [&](const NodeId& name) {
    own.claim.reset();
    return claim(name) && !is_taken(name);
  };
  const std::optional<NodeId> kept = find_kept_name(file, host);
  own.name = kept && is_free(*kept) ? *kept : choose_free_name(host, is_free);
  // The second node of this machine has its name only while there is a first, so that name is not kept.
  if (!is_another_here && own.name != kept.value_or(host)) keep_name(file, host, own.name);
  return own;
}

}  // namespace shoal
