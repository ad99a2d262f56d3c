#include "net/handshake.h"

#include <fmt/format.h>

namespace shoal {

Error two_nodes_error(const NodeId& node, const std::string& first_place, const std::string& second_place) {
  return {ErrorCode::permission_denied,
          fmt::format("two nodes with id {}: {} and {}; give one of them another --node-id", node,
                      first_place, second_place)};
}

std::optional<Error> judge_hello(const NodeReport& own, const Hello& hello, const std::string& address) {
  const NodeReport& other = hello.report;
  if (other.version != own.version) {
    return Error{
        ErrorCode::permission_denied,
        fmt::format("node {} runs Shoal {}, the node at {} runs {}: nodes of different versions do not join; "
                    "install the same on both",
                    own.node, own.version, address, other.version)};
  }
  if (other.node == own.node && other.incarnation == own.incarnation) {
    return Error{ErrorCode::cancelled, fmt::format("{} is this node itself", address)};
  }
  if (other.node == own.node) {
    return two_nodes_error(own.node, fmt::format("one with port {}", own.peer_port),
                           fmt::format("one at {}", address));
  }
  if (!hello.expected_node.empty() && hello.expected_node != own.node) {
    return Error{ErrorCode::not_found, fmt::format("here is node {}, not {}", own.node, hello.expected_node)};
  }
  return std::nullopt;
}

}  // namespace shoal
