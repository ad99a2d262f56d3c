// Decides which connections a server keeps: who has a place, and who gives one up when another comes. Nobody
// may take all places, and a connection that waits for its next request goes before one that is being
// answered. Pure.
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
    int64_t refused;  // connections over the limit that are kept long enough to be told so
  };
  enum class Entry : uint8_t { admitted, refused, dropped };
  struct Admission {
    Entry entry;
    std::optional<Id> leaves;  // to be closed in favour of the new one; its place is free already
  };
  // In the order in which they are closed: one that is answered never is.
  enum class Doing : uint8_t { waiting, receiving, answering };

  explicit ConnectionPlaces(Limits limits) : limits_(limits) {}

  // Enters a new connection, which waits for its first request. `address` is grouped by group_of().
  Admission enter(Id id, const std::string& address);
  void set_doing(Id id, Doing doing);
  void leave(Id id);
  // The part of an address that counts as one client: of IPv6 the network of 64 bits, all of which one device
  // has.
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
  std::map<std::string, int64_t> counts_;  // by group, without refused ones
  int64_t admitted_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace shoal
