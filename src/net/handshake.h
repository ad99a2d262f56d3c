// The rules by which two nodes become peers, or do not. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/wire.h"

namespace shoal {

// Why `own` does not join the node that says `hello` from `address`; nullopt when nothing speaks against it.
// permission_denied: another version, or a second node of the same id; cancelled: it is `own` itself;
// not_found: another node was expected here.
std::optional<Error> judge_hello(const NodeReport& own, const Hello& hello, const std::string& address);

// Of two nodes that dial each other at the same time, the connection of the one with the smaller id stays.
inline bool own_dial_wins(const NodeId& own, const NodeId& other) { return own < other; }

// Whether a failed handshake is worth a line for people. It is not when healthy nodes have missed each other,
// or a node is not there yet.
inline bool is_worth_telling(const Error& error) {
  return error.code != ErrorCode::cancelled && error.code != ErrorCode::unavailable &&
         error.code != ErrorCode::deadline_exceeded;
}

Error two_nodes_error(const NodeId& node, const std::string& first_place, const std::string& second_place);

}  // namespace shoal
