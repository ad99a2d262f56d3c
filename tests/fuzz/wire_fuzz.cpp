// Any bytes from a peer are either refused or a frame that is written and read again as the same frame.
#include <string_view>

#include "base/check.h"
#include "net/wire.h"

namespace {

std::string bytes_of(const shoal::EncodedFrame& frame) {
  return frame.head +
         std::string(reinterpret_cast<const char*>(frame.hidden.data()), frame.hidden.size() * sizeof(float));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte tells which stream the bytes come from, and where they are cut in two.
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = std::min<size_t>(data[0] >> 1, bytes.size());
  const std::string_view pieces[] = {bytes.substr(0, cut), bytes.substr(cut)};
  if ((data[0] & 1) != 0) {
    auto frame = shoal::decode_ring(pieces);
    if (!frame) return 0;
    const std::string once = bytes_of(shoal::encode(*std::move(frame)));
    const std::string_view again[] = {once};
    auto second = shoal::decode_ring(again);
    CHECK(second.has_value());
    CHECK(bytes_of(shoal::encode(*std::move(second))) == once);
  } else {
    const auto frame = shoal::decode_control(pieces, "1.2.3");
    if (!frame) return 0;
    const auto* hello = std::get_if<shoal::Hello>(&*frame);
    if (hello != nullptr && hello->report.version != "1.2.3") return 0;  // then only a part is read
    const std::string once = bytes_of(shoal::encode(*frame));
    const std::string_view again[] = {once};
    CHECK(shoal::decode_control(again, "1.2.3").has_value());
  }
  return 0;
}
