// Checks every request by who sends it, whatever it asks for: Host and Origin, and the headers that browsers
// need to let a page call (CORS).
#pragma once

#include <functional>
#include <string>

#include "api/access.h"
#include "api/http_server.h"
#include "api/own_names.h"

namespace shoal {

class Gate {
 public:
  explicit Gate(AccessRules rules) : rules_(std::move(rules)) {}

  // As HttpHandler::check_head. The answer to an accepted preflight is a "refusal" with status 204.
  void check(const HttpRequest& head, std::function<void(HeadDecision)> decide);

 private:
  const AccessRules rules_;
  OwnNames own_names_;
};

// The decision for a request that `origin` may make: the headers of all answers to it. Pure.
HeadDecision let_in(const HttpRequest& head, const std::string& origin, bool is_open_to_all);

}  // namespace shoal
