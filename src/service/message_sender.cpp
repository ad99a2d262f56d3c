#include "service/message_sender.h"

#include <memory>
#include <utility>

#include "base/log.h"

namespace shoal {

void MessageSender::send(const NodeId& to, PeerMessage message) {
  if (to == own_) {
    const bool posted = loop_.post([this, message = std::make_shared<PeerMessage>(std::move(message))] {
      events_.on_own_message(std::move(*message));
    });
    if (!posted) log_debug(1, "the service's loop takes no more messages");
    return;
  }
  if (peers_.send(to, std::move(message))) return;
  // Not called directly, because the caller is in the middle of something.
  loop_.post([this, to] { events_.on_stream_broken(to); });
}

}  // namespace shoal
