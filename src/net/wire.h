// Turns our structs into the messages of proto/shoal.proto and back. Lengths, ranges, names and counts of
// what comes in are checked here. Left to others are a request's sampling ranges, for which only the request
// is refused (the head), and the size of hidden states, which depends on the model (ring).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "net/frames.h"
#include "ring/messages.h"
#include "service/peer_messages.h"

namespace shoal {

// The first frame of either node on a control stream. `report.version` decides whether the two can talk at
// all.
struct Hello {
  NodeId expected_node;
  NodeReport report;
  uint64_t ring_key;  // from the dialled node, for its RingHello; the dialling node has none
};
struct Ready {};
struct OpenRing {};
using ControlFrame = std::variant<Hello, Ready, OpenRing, PeerMessage>;

// The first frame on a ring stream.
struct RingHello {
  NodeId node;
  uint64_t ring_key;
};
using RingFrame = std::variant<RingHello, RingMessage>;

EncodedFrame encode(const ControlFrame& frame);
EncodedFrame encode(RingFrame frame);
// A refusal, which says why; it is the last frame on its stream.
EncodedFrame encode(const Error& refusal);

// Reads the message of a frame. An error is corrupt_data and names the field and the value. A Hello of
// another version is read only as far as its version; the rest is empty.
Result<ControlFrame> decode_control(std::string_view message, std::string_view own_version);
Result<RingFrame> decode_ring(std::string_view message, std::vector<float> hidden);
Result<Error> decode_refusal(std::string_view message);

}  // namespace shoal
