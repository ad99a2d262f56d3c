// Our structs as the bytes of proto/shoal.proto and back. What comes in is checked here, completely: lengths,
// ranges, names and counts; what these functions return may be used without a further look.
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

// The first word of either node on a control stream. `report.version` decides whether the two can talk at
// all.
struct Hello {
  NodeId expected_node;
  NodeReport report;
  uint64_t ring_key;
};
struct Ready {};
struct OpenRing {};
using ControlFrame = std::variant<Hello, Ready, OpenRing, PeerMessage>;

// The first word on a ring stream.
struct RingHello {
  NodeId node;
  uint64_t ring_key;
};
using RingFrame = std::variant<RingHello, RingMessage>;

EncodedFrame encode(const ControlFrame& frame);
EncodedFrame encode(RingFrame frame);
// Why a stream is refused; the last word on it.
EncodedFrame encode(const Error& refusal);

// What a frame says. corrupt_data names the field and the value. A Hello of another version is read only as
// far as its version; the rest is empty.
Result<ControlFrame> decode_control(std::string_view message, std::string_view own_version);
Result<RingFrame> decode_ring(std::string_view message, std::vector<float> hidden);
Result<Error> decode_refusal(std::string_view message);

}  // namespace shoal
