// A node that is known, by its announcements or by discovery.json, and not connected. For people.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace shoal {

struct MissingPeer {
  NodeId node;
  std::string place;    // "10.0.0.2:50051"
  std::string problem;  // why it cannot be reached; empty: it has just been seen, or is being dialled
  std::string advice;   // what to try
  int64_t seconds = 0;  // for how long it could not be reached

  bool operator==(const MissingPeer&) const = default;
};

}  // namespace shoal
