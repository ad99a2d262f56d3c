// The rules by which two nodes become peers, or do not. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/wire.h"

namespace shoal {

// Why `own` does not join the node that says `hello` from `address`; nullopt: nothing speaks against it.
std::optional<Error> judge_hello(const NodeReport& own, const Hello& hello, const std::string& address);

// Of two nodes that dial each other at the same time, the connection of the one with the smaller id stays.
inline bool own_dial_wins(const NodeId& own, const NodeId& other) { return own < other; }

// Whether a failed handshake is worth a line for people: the ways in which healthy nodes miss each other are
// not, nor that a node is not there yet.
inline bool is_worth_telling(const Error& error) {
  return error.code != ErrorCode::cancelled && error.code != ErrorCode::unavailable &&
         error.code != ErrorCode::deadline_exceeded;
}

Error two_nodes_error(const NodeId& node, const std::string& first_place, const std::string& second_place);

}  // namespace shoal
