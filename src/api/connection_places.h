// Who has a place among a server's connections, and who gives one up when another comes: nobody may take all
// of them, and a connection that waits for its next request goes before one that is answered. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace shoal {

class ConnectionPlaces {
 public:
  using Id = uint64_t;
  struct Limits {
    int64_t connections;
    int64_t connections_per_address;
    int64_t refused;  // beyond the limit, for the time of telling so
  };
  enum class Entry : uint8_t { admitted, refused, dropped };
  struct Admission {
    Entry entry;
    std::optional<Id> leaves;  // closed in favour of the new one; its place is free already
  };
  // The later, the less willingly it is closed.
  enum class Doing : uint8_t { waiting, receiving, answering };

  explicit ConnectionPlaces(Limits limits) : limits_(limits) {}

  // A new connection waits for its first request. `address`: see group_of.
  Admission enter(Id id, const std::string& address);
  void set_doing(Id id, Doing doing);
  void leave(Id id);
  // What counts as one address: of IPv6 the network of 64 bits that one device has.
  static std::string group_of(const std::string& address);

 private:
  struct Place {
    std::string group;
    Doing doing = Doing::waiting;
    uint64_t since = 0;
    bool is_refused = false;
  };
  std::optional<Id> find_leaver(const std::string& group) const;
  std::optional<Id> first_of(const std::string& group, Doing doing) const;

  const Limits limits_;
  std::map<Id, Place> places_;
  std::map<std::string, int64_t> counts_;  // by group, refused ones left out
  int64_t admitted_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace shoal
