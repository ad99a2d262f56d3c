#include "net/dial_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "net/address.h"

namespace shoal {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

DialTrouble no_answer(const PeerCandidate& dialled) {
  const bool is_name = classify_address(dialled.address) == AddressKind::not_numeric;
  return {.problem = "no answer",
          .advice = fmt::format("let TCP port {} through the firewall of that device, and see that it is on "
                                "and in the same network{}",
                                dialled.port,
                                is_name ? fmt::format(", and that {} resolves here", dialled.address) : "")};
}

DialTrouble refused(const PeerCandidate& dialled) {
  return {.problem = "the connection is refused",
          .advice = fmt::format("nothing listens at port {} of {}: start shoal there, with --node-port {}, "
                                "and with a --node-host that includes this address",
                                dialled.port, dialled.address, dialled.port)};
}

DialTrouble no_route(const PeerCandidate& dialled) {
  return {.problem = "there is no route to it",
          .advice = fmt::format("see that that device is on, and that this one is in a network from which {} "
                                "can be reached",
                                dialled.address)};
}

DialTrouble unknown_host(const PeerCandidate& dialled) {
  return {.problem = fmt::format("the host name {} does not resolve", dialled.address),
          .advice = "correct the name, or write the device's address in its place"};
}

DialTrouble broken_off() {
  return {.problem = "it broke the connection off",
          .advice = "another program may listen at this port, or a Shoal of another version"};
}

}  // namespace

// Errors with the code unavailable are told apart by the words of the system and of NameResolver.
DialTrouble explain_trouble(const Error& error, const PeerCandidate& dialled) {
  const std::string_view text = error.message;
  switch (error.code) {
    case ErrorCode::deadline_exceeded: return no_answer(dialled);
    case ErrorCode::unavailable:
      if (contains_any(text, {"Connection refused"})) return refused(dialled);
      if (contains_any(text, {"unreachable", "No route to host"})) return no_route(dialled);
      if (contains_any(text, {"does not resolve"})) return unknown_host(dialled);
      if (contains_any(text, {"timed out"})) return no_answer(dialled);
      return broken_off();
    case ErrorCode::corrupt_data: return broken_off();
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied:
    case ErrorCode::resource_exhausted:
    case ErrorCode::cancelled:
    case ErrorCode::internal: break;
  }
  return {.problem = error.message, .advice = {}};
}

}  // namespace shoal
