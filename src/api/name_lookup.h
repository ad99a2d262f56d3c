// A name → its addresses, as this machine's own files and networks say. Names of the internet are not asked
// for: whoever owns one could answer with this machine's address and be let in (DNS rebinding).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoal {

// Addresses as text, none where nobody knows the name. May wait for seconds.
std::vector<std::string> look_up_name(const std::string& name);

// What a hosts file says of the name. Pure.
std::vector<std::string> find_in_hosts_file(std::string_view text, std::string_view name);

// The domains that resolv.conf names as this network's. Pure.
std::vector<std::string> parse_search_domains(std::string_view resolver_configuration);

// Whether nobody outside can own the name: a single word, an ending that is kept for private networks (or
// whose one owner hands out addresses of private networks only), or a name of this network's domain. Pure.
bool is_local_name(std::string_view name, const std::vector<std::string>& search_domains);

}  // namespace shoal
