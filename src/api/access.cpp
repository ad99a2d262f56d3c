#include "api/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "base/letter_case.h"

namespace shoal {
namespace {

namespace ip = boost::asio::ip;

bool has_prefix(const ip::address_v4& address, uint32_t network, int bits) {
  return (address.to_uint() >> (32 - bits)) == (network >> (32 - bits));
}

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::address(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  }
  return address;
}

bool is_unspecified(std::string_view text) {
  const auto address = parse_address(text);
  return address && address->is_unspecified();
}

// '*' stands for any characters except '/', so that one site's pattern never matches another's origin.
bool matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  text.remove_prefix(star);
  while (true) {
    if (matches(pattern, text)) return true;
    if (text.empty() || text[0] == '/') return false;
    text.remove_prefix(1);
  }
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return matches(to_lower_ascii(pattern), text); });
}

struct Origin {
  std::string scheme;
  std::string_view authority;
};

std::optional<Origin> split_origin(std::string_view lower) {
  const size_t separator = lower.find("://");
  if (separator == std::string_view::npos || separator == 0) return std::nullopt;
  return Origin{.scheme = std::string(lower.substr(0, separator)), .authority = lower.substr(separator + 3)};
}

bool is_web(const Origin& origin) { return origin.scheme == "http" || origin.scheme == "https"; }

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

// No site on the web can have such an origin: a program of this machine shows the page.
bool is_of_a_program(const Origin& origin) {
  constexpr std::array<std::string_view, 5> schemes{"app", "file", "tauri", "vscode-webview", "vscode-file"};
  return std::ranges::find(schemes, origin.scheme) != schemes.end();
}

bool is_of_this_machine(std::string_view lower) {
  const auto origin = split_origin(lower);
  if (!origin) return false;
  if (is_of_a_program(*origin)) return true;
  if (!is_web(*origin)) return false;
  const auto page = parse_host(origin->authority);
  if (!page) return false;
  if (!page->is_address) return is_localhost(page->host);
  return is_loopback_address(page->host) || is_unspecified(page->host);
}

}  // namespace

HostStanding judge_host(const AccessRules& rules, const HostAndPort& host, std::string_view own_address) {
  if (matches_any(rules.allowed_hosts, host.host)) return HostStanding::own;
  if (host.is_address) {
    const bool is_own = is_private_address(host.host) || is_unspecified(host.host) ||
                        parse_address(host.host) == parse_address(own_address);
    return is_own ? HostStanding::own : HostStanding::foreign;
  }
  if (is_localhost(host.host)) return HostStanding::own;
  const std::string own = to_lower_ascii(rules.own_host_name);
  const std::string first_label = own.substr(0, own.find('.'));
  const bool is_own =
      !own.empty() && (host.host == own || host.host == first_label || host.host == first_label + ".local");
  return is_own ? HostStanding::own : HostStanding::to_be_looked_up;
}

Error foreign_host_error(const HostAndPort& host) {
  return {
      ErrorCode::permission_denied,
      fmt::format("\"{}\" is no {} of this node; call it by its address on your network, or start it with "
                  "--allow-host {}",
                  host.host, host.is_address ? "address" : "name", host.host)};
}

// Behind a proxy that ends TLS the Host has no port either, so on both sides a missing port stands for the
// scheme's default.
bool is_same_origin(std::string_view origin, const HostAndPort& host) {
  const std::string lower = to_lower_ascii(origin);
  const auto split = split_origin(lower);
  if (!split || !is_web(*split)) return false;
  const auto page = parse_host(split->authority);
  if (!page || page->host != host.host) return false;
  const std::string standard = split->scheme == "https" ? "443" : "80";
  return (page->port.empty() ? standard : page->port) == (host.port.empty() ? standard : host.port);
}

bool is_allowed_origin(const AccessRules& rules, std::string_view origin) {
  if (allows_every_origin(rules)) return true;
  const std::string lower = to_lower_ascii(origin);
  return matches_any(rules.allowed_origins, lower) || is_of_this_machine(lower);
}

bool allows_every_origin(const AccessRules& rules) {
  return std::ranges::find(rules.allowed_origins, "*") != rules.allowed_origins.end();
}

Result<AccessRules> check_access_rules(AccessRules rules) {
  for (const std::string& host : rules.allowed_hosts) {
    std::string example = host;
    std::ranges::replace(example, '*', 'x');
    const auto parsed = parse_host(example);
    if (parsed && parsed->port.empty() && !example.ends_with(':')) continue;
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("--allow-host {}: a name without scheme and port is expected, as chat.example", host));
  }
  for (std::string& origin : rules.allowed_origins) {
    if (origin.ends_with('/') && !origin.ends_with("://")) origin.pop_back();
    const auto split = split_origin(origin);
    const bool has_path = split && split->authority.find_first_of("/?#") != std::string_view::npos;
    if (origin == "*" || origin == "null" || (split && !has_path)) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("--allow-origin {}: scheme and host are expected, as https://chat.example or "
                            "http://10.0.0.7:3000, or * for all",
                            origin));
  }
  return rules;
}

bool is_loopback_address(std::string_view address) {
  const auto parsed = parse_address(address);
  return parsed && parsed->is_loopback();
}

bool is_private_address(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return false;
  if (address->is_loopback()) return true;
  if (address->is_v6()) {
    const auto bytes = address->to_v6().to_bytes();
    const bool is_unique_local = (bytes[0] & 0xfe) == 0xfc;  // fc00::/7
    return is_unique_local || address->to_v6().is_link_local();
  }
  const ip::address_v4 v4 = address->to_v4();
  return has_prefix(v4, 0x0a000000, 8) || has_prefix(v4, 0xac100000, 12) || has_prefix(v4, 0xc0a80000, 16) ||
         has_prefix(v4, 0xa9fe0000, 16) || has_prefix(v4, 0x64400000, 10);
}

}  // namespace shoal
