#include "net/announcement.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "net/wire_checks.h"

namespace shoal {
namespace {

using nlohmann::json;
constexpr std::string_view type = "shoal-discovery";

Error not_one(std::string_view what) {
  return {ErrorCode::invalid_argument, fmt::format("no announcement of Shoal: {}", what)};
}

}  // namespace

std::string format_announcement(const Announcement& announcement) {
  const json datagram = {{"type", type},
                         {"version", announcement.version},
                         {"cluster", announcement.cluster},
                         {"node_id", announcement.node},
                         {"incarnation", fmt::format("{:016x}", announcement.incarnation)},
                         {"peer_port", announcement.peer_port},
                         {"priority", announcement.priority},
                         {"interface_name", announcement.interface_name},
                         {"interface_type", announcement.interface_type}};
  return datagram.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Announcement> parse_announcement(std::string_view datagram) {
  const json parsed = json::parse(datagram, nullptr, false);
  if (!parsed.is_object()) return fail(not_one("no JSON object"));
  WireChecks checks;
  auto text = [&](const char* field) {
    const auto found = parsed.find(field);
    const bool is_text = found != parsed.end() && found->is_string();
    checks.require(is_text, fmt::format("{} is no string", field));
    return is_text ? found->get<std::string>() : std::string();
  };
  auto number = [&](const char* field, int64_t low, int64_t high) {
    const auto found = parsed.find(field);
    const bool is_number = found != parsed.end() && found->is_number_integer();
    checks.require(is_number, fmt::format("{} is no integer", field));
    return static_cast<int32_t>(is_number ? checks.within(found->get<int64_t>(), low, high, field) : 0);
  };
  if (text("type") != type) return fail(not_one("another type"));
  const std::string incarnation = text("incarnation");
  Announcement announcement{.version = checks.id(text("version"), "version"),
                            .cluster = checks.optional_id(text("cluster"), "cluster"),
                            .node = checks.id(text("node_id"), "node_id"),
                            .incarnation = 0,
                            .peer_port = number("peer_port", 1, 65535),
                            .priority = number("priority", 0, 100),
                            .interface_name = checks.optional_id(text("interface_name"), "interface_name"),
                            .interface_type = checks.optional_id(text("interface_type"), "interface_type")};
  const char* end = incarnation.data() + incarnation.size();
  const auto [stopped, error] = std::from_chars(incarnation.data(), end, announcement.incarnation, 16);
  checks.require(error == std::errc() && stopped == end, "incarnation is no hexadecimal number");
  if (!checks.ok()) return fail(not_one(checks.error().message));
  return announcement;
}

}  // namespace shoal
