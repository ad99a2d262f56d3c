// What a node is called that nobody has given a name: after its host, the same at every start.
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

// The first part of the host's name, without what a node's name cannot have; empty where the host has none of
// its own ("localhost").
NodeId name_of_host(std::string_view host_name);

// "attic", "attic-2", "attic-3" …: the first for which `is_free` holds; after some tries one with random
// digits. An empty base stands for "node-" and random digits.
NodeId choose_free_name(const NodeId& base, const std::function<bool(const NodeId&)>& is_free);

// A name that this node has, and no other of this user on this machine while `claim` lives.
struct OwnName {
  NodeId name;
  std::optional<os::LivingFile> claim;
};

// `home` keeps the name that the network has left to this host; `is_taken` asks the network.
OwnName take_own_name(const std::filesystem::path& home, const std::function<bool(const NodeId&)>& is_taken);

}  // namespace shoal
