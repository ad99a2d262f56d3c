#include "api/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "api/host_name.h"
#include "base/letter_case.h"
#include "base/os.h"

namespace shoal {
namespace {

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// The words of each line, without what stands behind '#' or ';'.
std::vector<std::vector<std::string_view>> split_lines(std::string_view text) {
  std::vector<std::vector<std::string_view>> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    lines.push_back(split_words(line.substr(0, line.find_first_of("#;"))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_in_domain(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() && name.ends_with(domain) &&
         name[name.size() - domain.size() - 1] == '.';
}

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = address.sa_family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                          : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr ? "" : text.data();
}

std::vector<std::string> ask_the_system(const std::string& name) {
  // Applies to this thread only: a name server that does not answer is given up after a second.
  ::res_init();
  _res.retrans = 1;
  _res.retry = 1;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6)
      addresses.push_back(text_of(*entry->ai_addr));
  }
  return addresses;
}

}  // namespace

std::vector<std::string> find_in_hosts_file(std::string_view text, std::string_view name) {
  std::vector<std::string> addresses;
  for (const auto& words : split_lines(text)) {
    const auto is_wanted = [&](std::string_view word) { return to_lower_ascii(word) == name; };
    if (words.empty() || std::none_of(words.begin() + 1, words.end(), is_wanted)) continue;
    addresses.emplace_back(words.front());
  }
  return addresses;
}

std::vector<std::string> parse_search_domains(std::string_view resolver_configuration) {
  std::vector<std::string> domains;
  for (const auto& words : split_lines(resolver_configuration)) {
    if (words.empty() || (words.front() != "search" && words.front() != "domain")) continue;
    for (size_t i = 1; i < words.size(); ++i) {
      std::string domain = to_lower_ascii(words[i]);
      if (domain.ends_with('.')) domain.pop_back();
      // A domain without a dot is ignored: "search com" would count every such site as this network's.
      if (domain.find('.') != std::string::npos) domains.push_back(std::move(domain));
    }
  }
  return domains;
}

bool is_local_name(std::string_view name, const std::vector<std::string>& search_domains) {
  // Endings of RFC 6762, RFC 8375, RFC 2606 and ICANN's .internal; those that routers use; Tailscale's.
  constexpr std::array<std::string_view, 15> endings{
      "local", "home.arpa", "internal", "lan",  "home",    "localdomain", "intranet", "private",
      "corp",  "fritz.box", "ts.net",   "test", "example", "router",      "station"};
  const auto holds = [&](std::string_view domain) { return is_in_domain(name, domain); };
  return name.find('.') == std::string_view::npos || std::ranges::any_of(endings, holds) ||
         std::ranges::any_of(search_domains, holds);
}

std::vector<std::string> look_up_name(const std::string& name) {
  if (const auto hosts = os::read_text_file("/etc/hosts")) {
    std::vector<std::string> addresses = find_in_hosts_file(*hosts, name);
    if (!addresses.empty()) return addresses;
  }
  const auto configuration = os::read_text_file("/etc/resolv.conf");
  const auto domains = configuration ? parse_search_domains(*configuration) : std::vector<std::string>();
  return is_local_name(name, domains) ? ask_the_system(name) : std::vector<std::string>();
}

}  // namespace shoal
