#include "api/connection_places.h"

#include <boost/asio/ip/address.hpp>
#include <cstring>

namespace shoal {

std::string ConnectionPlaces::group_of(const std::string& address) {
  namespace ip = boost::asio::ip;
  boost::system::error_code error;
  const auto v6 = ip::make_address_v6(address, error);
  if (error || v6.is_v4_mapped() || v6.is_loopback() || v6.is_link_local()) return address;
  ip::address_v6::bytes_type network = v6.to_bytes();
  std::memset(network.data() + 8, 0, 8);
  return ip::address_v6(network).to_string();
}

ConnectionPlaces::Admission ConnectionPlaces::enter(Id id, const std::string& address) {
  const std::string group = group_of(address);
  const bool is_full = admitted_ >= limits_.connections || counts_[group] >= limits_.connections_per_address;
  std::optional<Id> leaver;
  if (is_full) leaver = find_leaver(group);
  if (leaver) leave(*leaver);
  const bool is_refused = is_full && !leaver;
  if (is_refused && std::ssize(places_) - admitted_ >= limits_.refused) {
    if (counts_[group] == 0) counts_.erase(group);
    return {.entry = Entry::dropped, .leaves = std::nullopt};
  }
  places_.emplace(id, Place{.group = group, .since = ++clock_, .is_refused = is_refused});
  if (!is_refused) {
    ++counts_[group];
    ++admitted_;
  } else if (counts_[group] == 0) {
    counts_.erase(group);
  }
  return {.entry = is_refused ? Entry::refused : Entry::admitted, .leaves = leaver};
}

void ConnectionPlaces::set_doing(Id id, Doing doing) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  place->second.doing = doing;
  place->second.since = ++clock_;
}

void ConnectionPlaces::leave(Id id) {
  const auto place = places_.find(id);
  if (place == places_.end()) return;
  if (!place->second.is_refused) {
    --admitted_;
    const auto count = counts_.find(place->second.group);
    if (--count->second == 0) counts_.erase(count);
  }
  places_.erase(place);
}

// The connection to close for a new one of `group`. An address at its own limit gives up one of its own that
// waits. Otherwise all places are taken, and the address that has the most gives one up: first one that
// waits, whichever address that is; else a half received one, but only of an address that has more than the
// new one will have.
std::optional<ConnectionPlaces::Id> ConnectionPlaces::find_leaver(const std::string& group) const {
  const auto own = counts_.find(group);
  const int64_t own_count = own == counts_.end() ? 0 : own->second;
  if (own_count >= limits_.connections_per_address) return first_of(group, Doing::waiting);
  for (const Doing doing : {Doing::waiting, Doing::receiving}) {
    std::optional<Id> leaver;
    int64_t most = doing == Doing::waiting ? 0 : own_count + 1;
    for (const auto& [other, count] : counts_) {
      if (count <= most) continue;
      const auto found = first_of(other, doing);
      if (!found) continue;
      most = count;
      leaver = found;
    }
    if (leaver) return leaver;
  }
  return std::nullopt;
}

std::optional<ConnectionPlaces::Id> ConnectionPlaces::first_of(const std::string& group, Doing doing) const {
  std::optional<Id> first;
  uint64_t since = 0;
  for (const auto& [id, place] : places_) {
    if (place.group != group || place.doing != doing || place.is_refused) continue;
    if (first && place.since >= since) continue;
    first = id;
    since = place.since;
  }
  return first;
}

}  // namespace shoal
