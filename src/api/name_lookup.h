// Looks up a name's addresses in this machine's own files and networks. Names of the internet are not looked
// up, because whoever owns one could answer with this machine's address and be let in (DNS rebinding).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoal {

// The addresses as text; empty when nobody knows the name. May wait for seconds.
std::vector<std::string> look_up_name(const std::string& name);

// The addresses that a hosts file gives the name. Pure.
std::vector<std::string> find_in_hosts_file(std::string_view text, std::string_view name);

// The domains that resolv.conf lists as this network's. Pure.
std::vector<std::string> parse_search_domains(std::string_view resolver_configuration);

// Whether nobody outside can own the name: it is a single word, it has an ending that is reserved for private
// networks (or whose only owner hands out addresses of private networks), or it is in this network's domain.
// Pure.
bool is_local_name(std::string_view name, const std::vector<std::string>& search_domains);

}  // namespace shoal
