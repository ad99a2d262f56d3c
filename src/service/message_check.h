// Decides whether a peer may say what it says: each message is checked against the part that its sender has
// in the plan that it is about. Pure.
#pragma once

#include <variant>

#include "base/error.h"
#include "ring/messages.h"
#include "service/peer_messages.h"
#include "service/plan_promises.h"

namespace shoal {

// What a node does with another node's message.
enum class Hearing : uint8_t {
  heard,
  // About a plan that is not held here (any more); honest peers send such messages when plans change.
  stale,
  refused,  // an honest peer in the sender's place would not send it
};

struct Judgement {
  Hearing hearing;
  std::string reason;  // why it is refused
};

// `promises` are those of the node `own`. Messages of a node to itself are not judged.
Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const PeerMessage& message);
Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const RingMessage& message);
// `message` belongs to the ring of `plan`.
Judgement judge_message(const Plan& plan, const NodeId& own, const NodeId& from, const RingMessage& message);

}  // namespace shoal
