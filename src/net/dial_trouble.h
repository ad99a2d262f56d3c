// Why a node could not be reached, and what people can do about it. Pure.
#pragma once

#include <string>

#include "base/error.h"
#include "cluster/discovery.h"

namespace shoal {

struct DialTrouble {
  std::string problem;
  std::string advice;  // empty when the problem says all
};

DialTrouble explain_trouble(const Error& error, const PeerCandidate& dialled);

}  // namespace shoal
