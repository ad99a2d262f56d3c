// A client's request as api hands it over.
#pragma once

#include <string>

#include "scheduler/request_settings.h"
#include "service/peer_messages.h"

namespace shoal {

struct ServiceRequest {
  RequestId request;
  std::string model;
  Prompt prompt;
  ToolUse tools = {};
  RequestSettings settings = {};
};

}  // namespace shoal
