#include "base/control_groups.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace shoal::os {
namespace {

// Version 1 has no word for "no limit"; it shows the largest multiple of a page instead.
constexpr int64_t no_limit = int64_t{1} << 60;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    if (end != 0 && !text.empty()) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int64_t> parse_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// mountinfo writes blanks and backslashes as \040 and \134.
std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const bool escaped =
        text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4;
    plain += escaped ? static_cast<char>(code) : text[i];
    if (escaped) i += 3;
  }
  return plain;
}

enum class Version : uint8_t { v1, v2 };

bool names(std::string_view list, std::string_view controller) {
  const std::vector<std::string_view> parts = split(list, ',');
  return std::ranges::find(parts, controller) != parts.end();
}

// The path of this process's group in the hierarchy: from "4:memory:/a/b" in version 1, "0::/a/b" in version
// 2.
std::optional<std::string> find_path(std::string_view membership, Version version,
                                     std::string_view controller) {
  for (const std::string_view line : split(membership, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool fits = version == Version::v2 ? controllers.empty() : names(controllers, controller);
    if (fits) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

// Where the part of a hierarchy below `root` is mounted.
struct Mount {
  std::string root;
  std::string folder;
};

// Lines of mountinfo: "35 31 0:32 /root /folder options optional… - cgroup source super-options"
std::vector<Mount> find_mounts(std::string_view mountinfo, Version version, std::string_view controller) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::ranges::find(fields, std::string_view("-"));
    if (fields.end() - dash < 4 || dash - fields.begin() < 5) continue;
    const bool fits =
        version == Version::v2 ? dash[1] == "cgroup2" : dash[1] == "cgroup" && names(dash[3], controller);
    if (fits) mounts.push_back({.root = unescape(fields[3]), .folder = unescape(fields[4])});
  }
  return mounts;
}

// The part of `path` below the mount's root; nullopt when the mount shows another part of the hierarchy.
std::optional<std::string> path_below(const Mount& mount, const std::string& path) {
  if (path.find("/..") != std::string::npos) return std::nullopt;  // outside of this process's namespace
  if (mount.root == "/") return path == "/" ? std::string() : path;
  if (path == mount.root) return std::string();
  if (path.starts_with(mount.root + "/")) return path.substr(mount.root.size());
  return std::nullopt;
}

// The folders of the process's group and of the groups above it, innermost first.
std::vector<std::string> group_folders(const FileText& read, Version version, std::string_view controller) {
  const auto path = find_path(read("/proc/self/cgroup").value_or(""), version, controller);
  const std::vector<Mount> mounts =
      find_mounts(read("/proc/self/mountinfo").value_or(""), version, controller);
  if (!path || mounts.empty()) return {};
  const Mount* mount = &mounts.front();
  std::string below;  // if no mount shows the group itself, the container's group is at the mount's top
  for (const Mount& candidate : mounts) {
    auto found = path_below(candidate, *path);
    if (!found) continue;
    mount = &candidate;
    below = *std::move(found);
    break;
  }
  std::vector<std::string> folders;
  while (!below.empty() && below != "/") {
    folders.push_back(mount->folder + below);
    below.resize(below.rfind('/'));
  }
  folders.push_back(mount->folder);
  return folders;
}

std::optional<int64_t> read_number(const FileText& read, const std::string& path) {
  const auto text = read(path);
  return text ? parse_number(*text) : std::nullopt;
}

// The sum of the named members of memory.stat, whose lines are "name number".
int64_t stat_sum(std::string_view stat, std::initializer_list<std::string_view> members) {
  int64_t sum = 0;
  for (const std::string_view line : split(stat, '\n')) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos || std::ranges::find(members, line.substr(0, blank)) == members.end())
      continue;
    sum += std::clamp<int64_t>(parse_number(line.substr(blank + 1)).value_or(0), 0, no_limit);
  }
  return sum;
}

std::optional<GroupMemory> make_group(const std::string& folder, int64_t limit, int64_t used,
                                      int64_t reclaimable) {
  if (limit < 0 || limit >= no_limit) return std::nullopt;
  const int64_t kept = std::max<int64_t>(used - reclaimable, 0);
  return GroupMemory{
      .folder = folder, .limit_bytes = limit, .free_bytes = std::max<int64_t>(limit - kept, 0)};
}

std::optional<GroupMemory> read_v1(const FileText& read, const std::string& folder) {
  const std::string stat = read(folder + "/memory.stat").value_or("");
  int64_t limit = read_number(read, folder + "/memory.limit_in_bytes").value_or(no_limit);
  // This limit includes those of groups above that a container does not show.
  if (const int64_t above = stat_sum(stat, {"hierarchical_memory_limit"}); above > 0) {
    limit = std::min(limit, above);
  }
  const int64_t reclaimable = stat_sum(stat, {"total_active_file", "total_inactive_file"});
  return make_group(folder, limit, read_number(read, folder + "/memory.usage_in_bytes").value_or(0),
                    reclaimable);
}

// Beyond memory.high the kernel all but stops a process; beyond memory.max it kills it.
std::optional<GroupMemory> read_v2(const FileText& read, const std::string& folder) {
  const int64_t limit = std::min(read_number(read, folder + "/memory.max").value_or(no_limit),
                                 read_number(read, folder + "/memory.high").value_or(no_limit));
  const int64_t reclaimable = stat_sum(read(folder + "/memory.stat").value_or(""),
                                       {"active_file", "inactive_file", "slab_reclaimable"});
  return make_group(folder, limit, read_number(read, folder + "/memory.current").value_or(0), reclaimable);
}

std::optional<double> share_of(std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// `text` is "quota period" in microseconds: "max 100000" (no quota) or "150000 100000".
std::optional<double> quota_of_v2(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  return share_of(parse_number(text.substr(0, blank)), parse_number(text.substr(blank + 1)));
}

}  // namespace

std::vector<GroupMemory> group_memory(const FileText& read) {
  std::vector<GroupMemory> groups;
  const auto add = [&groups](std::optional<GroupMemory> group) {
    if (group) groups.push_back(*std::move(group));
  };
  for (const std::string& folder : group_folders(read, Version::v1, "memory")) add(read_v1(read, folder));
  for (const std::string& folder : group_folders(read, Version::v2, "memory")) add(read_v2(read, folder));
  return groups;
}

std::optional<double> group_processors(const FileText& read) {
  std::optional<double> least;
  const auto take = [&least](std::optional<double> quota) {
    if (quota) least = std::min(least.value_or(*quota), *quota);
  };
  for (const std::string& folder : group_folders(read, Version::v1, "cpu")) {
    take(share_of(read_number(read, folder + "/cpu.cfs_quota_us"),
                  read_number(read, folder + "/cpu.cfs_period_us")));
  }
  for (const std::string& folder : group_folders(read, Version::v2, "cpu")) {
    take(quota_of_v2(read(folder + "/cpu.max").value_or("")));
  }
  return least;
}

}  // namespace shoal::os
