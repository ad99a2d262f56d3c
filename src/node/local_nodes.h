// The nodes of this user on this machine. Each describes itself in a file of its own, so that a command finds
// the node that it means by id or port; whether that node answers, only its API can say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/os.h"

namespace shoal {

struct LocalNode {
  NodeId node;
  int32_t peer_port = 0;
  std::string api_host;
  int32_t api_port = 0;

  bool operator==(const LocalNode&) const = default;
};

// Describes `node` in a new file in `folder`, which stays for as long as the result lives.
Result<os::LivingFile> tell_local_node(const std::filesystem::path& folder, const LocalNode& node);

// The nodes that are described in `folder`. Files of killed processes are removed.
std::vector<LocalNode> find_local_nodes(const std::filesystem::path& folder);

}  // namespace shoal
