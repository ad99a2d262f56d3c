// Any bytes of a connection, in pieces of any size, are frames that are written again as the same bytes, up
// to the first error. The space that a reader offers is never larger than the input and 64 KiB, whatever a
// header announces.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/frames.h"

namespace {

std::string rewrite(const shoal::Frame& frame) {
  shoal::EncodedFrame again{.head = std::string(shoal::frame_header_bytes, '\0'), .hidden = frame.hidden};
  again.head += frame.message;
  shoal::write_frame_header(again, frame.kind);
  return again.head +
         std::string(reinterpret_cast<const char*>(again.hidden.data()), again.hidden.size() * sizeof(float));
}

// Leaves out bytes 5 to 7 of the header, at which no reader looks.
bool is_same(std::string_view sent, std::string_view read) {
  return sent.substr(0, 5) == read.substr(0, 5) && sent.substr(8) == read.substr(8);
}

}  // namespace

// The first byte chooses the size of the pieces, the second how many bytes a frame may have.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = 1 + size_t{data[0]} * data[0];
  const int64_t limit = int64_t{1} << data[1] % 33;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string_view unread = bytes;
  shoal::FrameReader reader(limit);
  while (true) {
    while (true) {
      const auto frame = reader.next();
      if (!frame) return 0;
      if (!*frame) break;
      const std::string again = rewrite(**frame);
      CHECK(static_cast<int64_t>(again.size()) <= limit);
      CHECK(is_same(unread.substr(0, again.size()), again));
      unread.remove_prefix(again.size());
    }
    if (bytes.empty()) return 0;
    const std::span<std::byte> space = reader.space();
    CHECK(!space.empty());
    CHECK(space.size() <= (size_t{64} << 10) + size);
    const size_t count = std::min({space.size(), bytes.size(), piece});
    std::memcpy(space.data(), bytes.data(), count);
    reader.advance(count);
    bytes.remove_prefix(count);
  }
}
