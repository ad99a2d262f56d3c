// The name of a node that nobody has named: it is made from the host's name and is the same at every start.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"
#include "base/os.h"

namespace shoal {

// The first part of the host's name, without characters that a node's name cannot have; empty when the host
// has no name of its own ("localhost").
NodeId name_of_host(std::string_view host_name);

// The first of "attic", "attic-2", "attic-3" … for which `is_free` is true; after some tries one with random
// digits. An empty base stands for "node-" and random digits.
NodeId choose_free_name(const NodeId& base, const std::function<bool(const NodeId&)>& is_free);

// A name of this node that no other node of this user on this machine has while `claim` lives.
struct OwnName {
  NodeId name;
  std::optional<os::LivingFile> claim;
};

// A file in `home` keeps the name that was free in the network; `is_taken` asks the network about a name.
OwnName take_own_name(const std::filesystem::path& home, const std::function<bool(const NodeId&)>& is_taken);

}  // namespace shoal
