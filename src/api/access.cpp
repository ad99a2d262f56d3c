#include "api/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>

namespace shoal {
namespace {

namespace ip = boost::asio::ip;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// "name:port", "[v6]:port" → name or address in lower case, and port ("" where there is none).
struct HostAndPort {
  std::string host;
  std::string port;
  bool operator==(const HostAndPort&) const = default;
};

std::optional<HostAndPort> split_host(std::string_view text) {
  HostAndPort result;
  size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    result.host = lower(text.substr(1, end - 1));
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    result.host = lower(text.substr(0, end));
  }
  const std::string_view rest = text.substr(end);
  if (!rest.empty()) {
    if (rest[0] != ':' ||
        !std::ranges::all_of(rest.substr(1), [](unsigned char c) { return std::isdigit(c); })) {
      return std::nullopt;
    }
    result.port = rest.substr(1);
  }
  if (result.host.ends_with('.')) result.host.pop_back();
  if (result.host.empty()) return std::nullopt;
  return result;
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  ip::make_address(host.substr(0, host.find('%')), error);
  return !error;
}

bool is_own_name(const AccessRules& rules, const std::string& host) {
  if (is_address(host) || host == "localhost" || host.ends_with(".localhost") || host.ends_with(".local"))
    return true;
  const std::string own = lower(rules.own_host_name);
  if (!own.empty() && (host == own || host == own.substr(0, own.find('.')))) return true;
  return std::ranges::any_of(rules.allowed_hosts,
                             [&](const std::string& name) { return lower(name) == host; });
}

std::string_view default_port(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

// The page's own address is the one it calls. Behind a proxy that ends TLS the Host has no port either, so
// the scheme's default stands for a missing port on both sides.
bool is_same_origin(std::string_view origin, const HostAndPort& host) {
  const std::string text = lower(origin);
  const size_t separator = text.find("://");
  if (separator == std::string::npos) return false;
  const std::string scheme = text.substr(0, separator);
  if (scheme != "http" && scheme != "https") return false;
  auto page = split_host(std::string_view(text).substr(separator + 3));
  if (!page) return false;
  HostAndPort own = host;
  if (page->port.empty()) page->port = default_port(scheme);
  if (own.port.empty()) own.port = default_port(scheme);
  return *page == own;
}

bool has_prefix(const ip::address_v4& address, uint32_t network, int bits) {
  return (address.to_uint() >> (32 - bits)) == (network >> (32 - bits));
}

std::optional<ip::address> parse_address(const std::string& text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::address(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  }
  return address;
}

}  // namespace

bool is_allowed_origin(const AccessRules& rules, std::string_view origin) {
  return std::ranges::any_of(rules.allowed_origins,
                             [&](const std::string& allowed) { return lower(allowed) == lower(origin); });
}

Result<void> check_access(const AccessRules& rules, const std::optional<std::string>& host,
                          const std::optional<std::string>& origin) {
  std::optional<HostAndPort> own;
  if (host) {
    own = split_host(*host);
    if (!own) return fail(ErrorCode::invalid_argument, "the Host header is malformed");
    if (!is_own_name(rules, own->host)) {
      return fail(
          ErrorCode::permission_denied,
          fmt::format(
              "\"{}\" is not a name of this node; call it by its address, or start it with --allow-host",
              own->host));
    }
  }
  if (!origin || is_allowed_origin(rules, *origin)) return {};
  if (own && is_same_origin(*origin, *own)) return {};
  return fail(ErrorCode::permission_denied,
              "pages of another site may not call this node; it can be started with --allow-origin");
}

bool is_loopback_address(const std::string& address) {
  const auto parsed = parse_address(address);
  return parsed && parsed->is_loopback();
}

bool is_private_address(const std::string& text) {
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
