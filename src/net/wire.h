// Our structs as the bytes of proto/shoal.proto and back. What comes in is checked here, completely: lengths,
// ranges, names and counts; what these functions return may be used without a further look.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
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

// A frame as it goes out: `head`, then the bytes of `hidden`, which are not copied.
struct EncodedFrame {
  std::string head;
  std::vector<float> hidden;

  int64_t byte_count() const { return static_cast<int64_t>(head.size() + hidden.size() * sizeof(float)); }
};

EncodedFrame encode(const ControlFrame& frame);
EncodedFrame encode(RingFrame frame);

// A frame as it came in, in one or more pieces. corrupt_data names the field and the value. A Hello of
// another version is read only as far as its version; the rest is empty.
Result<ControlFrame> decode_control(std::span<const std::string_view> pieces, std::string_view own_version);
Result<RingFrame> decode_ring(std::span<const std::string_view> pieces);

}  // namespace shoal
