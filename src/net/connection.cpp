#include "net/connection.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace shoal {

Connection::Connection(ConnectionEvents& events, Settings settings)
    : events_(events),
      settings_(std::move(settings)),
      control_handler_(*this, &Connection::control_frame),
      ring_handler_(*this, &Connection::ring_frame),
      control_(std::make_shared<Outbox>(settings_.control)),
      ring_(std::make_shared<Outbox>(settings_.ring)) {}

std::string Connection::name() const {
  const NodeId& node = report.node.empty() ? settings_.expected : report.node;
  return node.empty() ? settings_.address : fmt::format("{} at {}", node, settings_.address);
}

void Connection::set_control(std::shared_ptr<FrameStream> stream) {
  control_stream_ = std::move(stream);
  control_stream_->set_handler(&control_handler_);
  control_stream_->attach(control_);
}

void Connection::set_ring(std::shared_ptr<FrameStream> stream) {
  ring_stream_ = std::move(stream);
  ring_stream_->set_byte_limit(settings_.frame_bytes_limit);
  ring_stream_->set_handler(&ring_handler_);
  ring_stream_->attach(ring_);
}

void Connection::join() {
  phase = Phase::joined;
  control_stream_->set_byte_limit(settings_.frame_bytes_limit);
}

bool Connection::send(const ControlFrame& frame) {
  return control_->push(encode(frame)) == Outbox::Push::taken;
}

void Connection::end(Error reason) {
  if (std::exchange(phase, Phase::ended) == Phase::ended) return;
  const auto alive = shared_from_this();
  if (control_stream_ != nullptr) control_->close();
  ring_->close();
  for (const std::shared_ptr<FrameStream>& stream : {control_stream_, ring_stream_}) {
    if (stream == nullptr) continue;
    stream->set_handler(nullptr);
    stream->cancel(reason);
  }
  events_.on_ended(alive, std::move(reason));
}

void Connection::stream_ended(Error reason) {
  if (reason.code == ErrorCode::corrupt_data) reason.message = fmt::format("{}: {}", name(), reason.message);
  end(std::move(reason));
}

void Connection::refuse(const Error& error) {
  CHECK(!settings_.is_dialled);
  if (phase == Phase::ended) return;
  const auto alive = shared_from_this();
  std::exchange(control_stream_, nullptr)->refuse(error);  // the stream lives on to send it
  end(error);
}

// The ring stream ends when the control stream does. Were it closed now, the other side could end the
// connection before it has read the last control messages.
void Connection::close() {
  if (control_stream_ != nullptr) control_stream_->close();
}

void Connection::receive_control(const Frame& received) {
  const auto alive = shared_from_this();
  if (received.kind == FrameKind::refusal) return take_refusal(received);
  auto frame = received.kind == FrameKind::control
                   ? decode_control(received.message, settings_.version)
                   : fail(ErrorCode::corrupt_data, "a frame of a ring on the control stream");
  if (!frame) {
    end(fail(frame.error(), name()).error());
    return;
  }
  dispatch(*std::move(frame));
}

// The node that was dialled does not want this stream, and says why.
void Connection::take_refusal(const Frame& frame) {
  if (!settings_.is_dialled)
    return end({ErrorCode::corrupt_data, fmt::format("{}: a refusal by who dialled", name())});
  auto error = decode_refusal(frame.message);
  end(error ? *std::move(error) : fail(error.error(), name()).error());
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

void Connection::ring_frame(Frame received) {
  const auto alive = shared_from_this();
  if (received.kind == FrameKind::refusal) return take_refusal(received);
  auto frame = received.kind == FrameKind::ring
                   ? decode_ring(received.message, std::move(received.hidden))
                   : fail(ErrorCode::corrupt_data, "a control frame on the ring stream");
  if (!frame) {
    end(fail(frame.error(), name()).error());
  } else if (auto* message = std::get_if<RingMessage>(&*frame)) {
    events_.on_ring_message(alive, std::move(*message));
  } else {
    end({ErrorCode::corrupt_data, fmt::format("{}: a second hello on the ring stream", name())});
  }
}

}  // namespace shoal
