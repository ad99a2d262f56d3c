// Any bytes from a peer are refused, or are a frame that can be read again when it is written. Refusals and
// frames of a ring then come back the same.
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/wire.h"

namespace {

std::string message_of(const shoal::EncodedFrame& frame) {
  return frame.head.substr(shoal::frame_header_bytes);
}

void read_ring(std::string_view message, std::string_view hidden_bytes) {
  std::vector<float> hidden(hidden_bytes.size() / sizeof(float));
  if (!hidden.empty()) std::memcpy(hidden.data(), hidden_bytes.data(), hidden.size() * sizeof(float));
  auto frame = shoal::decode_ring(message, std::move(hidden));
  if (!frame) return;
  const shoal::EncodedFrame once = shoal::encode(*std::move(frame));
  auto second = shoal::decode_ring(message_of(once), once.hidden);
  CHECK(second.has_value());
  CHECK(message_of(shoal::encode(*std::move(second))) == message_of(once));
}

void read_control(std::string_view message) {
  const auto frame = shoal::decode_control(message, "1.2.3");
  if (!frame) return;
  const auto* hello = std::get_if<shoal::Hello>(&*frame);
  if (hello != nullptr && hello->report.version != "1.2.3") return;  // it was read only as far as its version
  CHECK(shoal::decode_control(message_of(shoal::encode(*frame)), "1.2.3").has_value());
}

void read_refusal(std::string_view message) {
  const auto error = shoal::decode_refusal(message);
  if (error) CHECK(shoal::decode_refusal(message_of(shoal::encode(*error))).value() == *error);
}

}  // namespace

// The first byte chooses the kind of frame. For a ring, the second says how many of the bytes that follow are
// hidden states.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 3) {
    case 0: read_control(bytes); break;
    case 1: read_refusal(bytes); break;
    default: {
      const size_t hidden = std::min<size_t>(data[1], bytes.size());
      read_ring(bytes.substr(hidden), bytes.substr(0, hidden));
    }
  }
  return 0;
}
