// The answer to a streamed chat out of the bytes that a node sends, however they are cut. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "client/event_stream.h"

namespace shoal {

struct ChatOutcome {
  std::string finish_reason;
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

// What a stream brings while it runs. Any may be left empty.
struct ChatProgress {
  std::function<void(std::string_view text)> on_text;
  std::function<void(std::string_view text)> on_thinking = {};
  std::function<void(std::string_view comment)> on_comment;  // "loading 45 %"
  // Asked by ApiClient now and then; true ends the call with cancelled, and the node stops working on it.
  std::function<bool()> is_cancelled;
};

class ChatStream {
 public:
  // `progress` outlives this.
  explicit ChatStream(const ChatProgress& progress) : progress_(progress) {}

  // The error is the node's own where the stream tells one, corrupt_data where it is no stream of a chat;
  // nothing is to be taken after it. What follows the end of the answer is passed over.
  Result<void> take(std::string_view bytes);

  // Once there are no more bytes. unavailable where they ended before the answer did.
  Result<ChatOutcome> end() const;

 private:
  Result<void> take_event(std::string_view data);

  const ChatProgress& progress_;
  EventStream events_;
  ChatOutcome outcome_;
  bool is_done_ = false;
};

}  // namespace shoal
