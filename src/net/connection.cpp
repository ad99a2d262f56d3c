#include "net/connection.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace shoal {

Connection::Connection(ConnectionEvents& events, Settings settings)
    : events_(events),
      settings_(std::move(settings)),
      control_handler_(*this),
      ring_handler_(*this),
      control_(std::make_shared<Outbox>(settings_.control)),
      ring_(std::make_shared<Outbox>(settings_.ring)) {}

std::string Connection::name() const {
  const NodeId& node = report.node.empty() ? settings_.expected : report.node;
  return node.empty() ? settings_.address : fmt::format("{} at {}", node, settings_.address);
}

void Connection::set_control(std::shared_ptr<Call> call) {
  control_call_ = std::move(call);
  control_call_->set_handler(&control_handler_);
  control_call_->attach(control_);
}

void Connection::set_ring(std::shared_ptr<Call> call) {
  ring_call_ = std::move(call);
  ring_call_->set_handler(&ring_handler_);
  ring_call_->attach(ring_);
}

bool Connection::send(const ControlFrame& frame) {
  return control_->push(encode(frame)) == Outbox::Push::taken;
}

void Connection::end(Error reason) {
  if (std::exchange(phase, Phase::ended) == Phase::ended) return;
  const auto alive = shared_from_this();
  control_->close();
  ring_->close();
  for (const std::shared_ptr<Call>& call : {control_call_, ring_call_}) {
    if (call == nullptr) continue;
    call->set_handler(nullptr);
    call->cancel(reason);
  }
  events_.on_ended(alive, std::move(reason));
}

void Connection::refuse(const Error& error) {
  CHECK(!settings_.is_dialled);
  if (phase == Phase::ended) return;
  const auto alive = shared_from_this();
  static_cast<ServerCall&>(*control_call_).refuse(error);
  end(error);
}

// The ring stream ends with the control stream, whose last words must not be overtaken.
void Connection::close() {
  if (control_call_ != nullptr) control_call_->close();
}

void Connection::control_frame(std::span<const std::string_view> pieces) {
  const auto alive = shared_from_this();
  auto frame = decode_control(pieces, settings_.version);
  if (!frame) {
    end(fail(frame.error(), name()).error());
    return;
  }
  dispatch(*std::move(frame));
}

void Connection::dispatch(ControlFrame frame) {
  const auto alive = shared_from_this();
  if (auto* hello = std::get_if<Hello>(&frame); hello != nullptr && phase == Phase::opening) {
    events_.on_hello(alive, std::move(*hello));
  } else if (std::holds_alternative<Ready>(frame) && phase == Phase::greeted) {
    events_.on_ready(alive);
  } else if (std::holds_alternative<OpenRing>(frame) && phase == Phase::joined && settings_.is_dialled) {
    events_.on_open_ring(alive);
  } else if (auto* message = std::get_if<PeerMessage>(&frame); message != nullptr && phase == Phase::joined) {
    auto* heartbeat = std::get_if<Heartbeat>(message);
    if (heartbeat != nullptr) {
      if (heartbeat->report.node != report.node || heartbeat->report.incarnation != report.incarnation) {
        end({ErrorCode::corrupt_data,
             fmt::format("{}: a heartbeat in the name of {}", name(), heartbeat->report.node)});
        return;
      }
      heartbeat->report.address = settings_.address;
    }
    events_.on_message(alive, std::move(*message));
  } else {
    end({ErrorCode::corrupt_data, fmt::format("{}: a message out of turn on the control stream", name())});
  }
}

void Connection::ring_frame(std::span<const std::string_view> pieces) {
  const auto alive = shared_from_this();
  auto frame = decode_ring(pieces);
  if (!frame) {
    end(fail(frame.error(), name()).error());
  } else if (auto* message = std::get_if<RingMessage>(&*frame)) {
    events_.on_ring_message(alive, std::move(*message));
  } else {
    end({ErrorCode::corrupt_data, fmt::format("{}: a second hello on the ring stream", name())});
  }
}

}  // namespace shoal
