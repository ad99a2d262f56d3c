// A node that is known from its announcements or from discovery.json but is not connected. Shown to people.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace shoal {

struct MissingPeer {
  NodeId node;
  std::string place;    // "10.0.0.2:50051"
  std::string problem;  // why it cannot be reached; empty when it has just been seen or is being dialled
  std::string advice;   // what to try
  int64_t seconds = 0;  // how long it has been out of reach

  bool operator==(const MissingPeer&) const = default;
};

}  // namespace shoal
