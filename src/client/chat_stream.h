// Reads the answer to a streamed chat from the bytes that a node sends, however they are cut. Pure.
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

// Called with what a stream brings while it runs. Any of these may be empty.
struct ChatProgress {
  std::function<void(std::string_view text)> on_text;
  std::function<void(std::string_view text)> on_thinking = {};
  std::function<void(std::string_view comment)> on_comment;  // "loading 45 %"
  // ApiClient calls this now and then; true ends the call with cancelled, and the node stops working on it.
  std::function<bool()> is_cancelled;
};

class ChatStream {
 public:
  // `progress` must outlive this object.
  explicit ChatStream(const ChatProgress& progress) : progress_(progress) {}

  // Takes the next bytes of the stream; those behind the end of the answer are ignored. The error is the
  // node's own if the stream has one, or corrupt_data if this is no stream of a chat; nothing may be taken
  // after an error.
  Result<void> take(std::string_view bytes);

  // Called when there are no more bytes. unavailable when the stream ended before the answer did.
  Result<ChatOutcome> end() const;

 private:
  Result<void> take_event(std::string_view data);

  const ChatProgress& progress_;
  EventStream events_;
  ChatOutcome outcome_;
  bool is_done_ = false;
};

}  // namespace shoal
