// Asks the local network whether a node of some name is there already, before a node takes it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace shoal {

struct NameProbeSettings {
  std::string host = "::";  // --node-host
  int32_t listen_port = 5678;
  int32_t broadcast_port = 5678;
  std::vector<std::string> allowed_interface_types;  // --interface-type-filter; empty: all
  uint64_t incarnation;                              // of the node that wants the name
  int question_count = 3;
  Duration question_interval = std::chrono::milliseconds(80);
};

// Waits question_count * question_interval for an answer, or until it is asked to stop. When two nodes ask
// for one name at the same time, the one with the lower incarnation hears that it is taken. False also when
// the port cannot be had.
bool is_name_taken(const NodeId& name, const NameProbeSettings& settings, std::stop_token stop);

}  // namespace shoal
