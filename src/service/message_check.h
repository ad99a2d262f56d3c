// Whether a peer may say what it says: each message is checked against the part that its sender has in the
// plan it speaks of. Pure.
#pragma once

#include <variant>

#include "base/error.h"
#include "ring/messages.h"
#include "service/peer_messages.h"
#include "service/plan_promises.h"

namespace shoal {

// What a node does with a message of another.
enum class Hearing : uint8_t {
  heard,
  stale,    // about a plan that is not held here (any more): honest peers say such things when plans change
  refused,  // nothing that an honest peer in its place would say
};

struct Judgement {
  Hearing hearing;
  std::string reason;  // of a refusal
};

// `promises`: what the node `own` holds. Messages of a node to itself are not judged.
Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const PeerMessage& message);
Judgement judge_message(const PlanPromises& promises, const NodeId& own, const NodeId& from,
                        const RingMessage& message);
// `message` belongs to the ring of `plan`.
Judgement judge_message(const Plan& plan, const NodeId& own, const NodeId& from, const RingMessage& message);

}  // namespace shoal
