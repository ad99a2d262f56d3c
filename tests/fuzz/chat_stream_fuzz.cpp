// The client reads any bytes as a node's answer to a streamed chat. However they are cut, it reports the same
// words, the same end and the same error. The first byte chooses the cut.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "client/chat_stream.h"

namespace {

// All that a caller is told when the bytes come in pieces of `step` bytes.
std::string heard(std::string_view bytes, size_t step) {
  std::string all;
  const shoal::ChatProgress progress{
      .on_text = [&](std::string_view text) { all += fmt::format("text {}\n", text); },
      .on_thinking = [&](std::string_view text) { all += fmt::format("thinking {}\n", text); },
      .on_comment = [&](std::string_view comment) { all += fmt::format("comment {}\n", comment); },
      .is_cancelled = {}};
  shoal::ChatStream stream(progress);
  for (size_t at = 0; at < bytes.size(); at += step) {
    const auto taken = stream.take(bytes.substr(at, step));
    if (!taken)
      return all + fmt::format("error {} {}", static_cast<int>(taken.error().code), taken.error().message);
  }
  const auto end = stream.end();
  if (!end) {
    CHECK(end.error().code == shoal::ErrorCode::unavailable);
    return all + "cut off";
  }
  return all +
         fmt::format("{} after {} and {}", end->finish_reason, end->prompt_tokens, end->completion_tokens);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CHECK(heard(bytes, std::max<size_t>(bytes.size(), 1)) == heard(bytes, data[0] % 32 + 1));
  return 0;
}
