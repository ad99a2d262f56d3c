// Reads the limits that Linux's control groups (version 1, version 2, or both mounted) put on this process:
// those of its own group and of the groups above it, as far as a container lets them be seen. Pure: files
// come through a function, so that every arrangement can be tested as data.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace shoal::os {

// Gives the text of a file of /proc or of the control groups; nullopt when the file is not there.
using FileText = std::function<std::optional<std::string>(const std::string& path)>;

struct GroupMemory {
  std::string folder;  // where the group's files lie
  int64_t limit_bytes;
  int64_t free_bytes;  // pages of files and caches that the kernel gives up by itself count as free
};

// Groups that limit the memory of this process; those without a limit are left out.
std::vector<GroupMemory> group_memory(const FileText& read);

// How many processors' time the groups leave to this process, 0.5 for a half; nullopt: no quota.
std::optional<double> group_processors(const FileText& read);

}  // namespace shoal::os
