#include "api/host_name.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>

#include "base/letter_case.h"

namespace shoal {
namespace {

namespace ip = boost::asio::ip;

constexpr size_t name_bytes = 253;
constexpr size_t label_bytes = 63;

bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool is_name_character(unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; }

bool is_port(std::string_view text) {
  if (text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  return text.empty() || std::stoi(std::string(text)) <= 65535;
}

// Without its first '%': "%25eth0", or "%eth0" as some clients write it.
bool is_zone(std::string_view text) {
  if (text.starts_with("25")) text.remove_prefix(2);
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return is_name_character(c) || c == '.'; });
}

std::optional<std::string> parse_v6(std::string_view text) {
  const size_t zone = text.find('%');
  if (zone != std::string_view::npos && !is_zone(text.substr(zone + 1))) return std::nullopt;
  boost::system::error_code error;
  const auto address = ip::make_address_v6(std::string(text.substr(0, zone)), error);
  if (error) return std::nullopt;
  if (address.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address).to_string();
  return address.to_string();
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > name_bytes) return false;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > label_bytes || !std::ranges::all_of(label, is_name_character))
      return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// Resolvers take "127.1" and "0x7f.1" for addresses, so a name must not end in such a part.
bool ends_in_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return std::ranges::all_of(last, is_digit) || last.starts_with("0x");
}

std::optional<HostAndPort> parse_name(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  if (!is_name(name)) return std::nullopt;
  boost::system::error_code error;
  ip::make_address_v4(name, error);
  if (!error) return HostAndPort{.host = std::move(name), .port = "", .is_address = true};
  if (ends_in_number(name)) return std::nullopt;
  return HostAndPort{.host = std::move(name), .port = "", .is_address = false};
}

}  // namespace

std::optional<HostAndPort> parse_host(std::string_view text) {
  std::optional<HostAndPort> result;
  size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    auto address = parse_v6(text.substr(1, end - 1));
    if (!address) return std::nullopt;
    result = HostAndPort{.host = *std::move(address), .port = "", .is_address = true};
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    result = parse_name(to_lower_ascii(text.substr(0, end)));
  }
  if (!result) return std::nullopt;
  const std::string_view rest = text.substr(end);
  if (rest.empty()) return result;
  if (rest[0] != ':' || !is_port(rest.substr(1))) return std::nullopt;
  result->port = rest.substr(1);
  return result;
}

}  // namespace shoal
