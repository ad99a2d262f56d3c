#include "net/call.h"

#include <grpcpp/support/slice.h>

#include <array>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/grpc_error.h"

namespace shoal {
namespace {

// A slice that owns what it shows.
template <class Container>
grpc::Slice slice_of(Container content) {
  auto* owner = new Container(std::move(content));
  const size_t size = owner->size() * sizeof(*owner->data());
  return {owner->data(), size, [](void* kept) { delete static_cast<Container*>(kept); }, owner};
}

grpc::ByteBuffer to_buffer(EncodedFrame frame) {
  std::array<grpc::Slice, 2> slices;
  size_t count = 0;
  slices[count++] = slice_of(std::move(frame.head));
  if (!frame.hidden.empty()) slices[count++] = slice_of(std::move(frame.hidden));
  return {slices.data(), count};
}

}  // namespace

Call::Call(std::function<void(Call*)> on_done)
    : on_done_(std::move(on_done)),
      read_done_([this](bool ok) { read_done(ok); }),
      write_done_([this](bool ok) { write_done(ok); }),
      half_closed_([this](bool) {
        --pending_writes_;
        finish_if_idle();
      }),
      finish_done_([this](bool) { finish_done(); }) {}

void Call::attach(std::shared_ptr<Outbox> outbox) {
  if (ended_) {
    outbox->close();
    return;
  }
  outbox_ = std::move(outbox);
  if (writable_) outbox_->attach(shared_from_this());
}

void Call::make_writable() {
  writable_ = true;
  if (outbox_ != nullptr) outbox_->attach(shared_from_this());
}

void Call::start_done(bool ok) {
  --pending_writes_;
  if (ok) {
    read_next();
    if (!ended_) make_writable();
  } else {
    end(std::nullopt);
  }
  finish_if_idle();
}

void Call::write(EncodedFrame frame) {
  const grpc::ByteBuffer buffer = to_buffer(std::move(frame));
  begin_write(buffer, &write_done_);
}

void Call::read_next() {
  reading_ = true;
  begin_read(&read_buffer_, &read_done_);
}

void Call::read_done(bool ok) {
  reading_ = false;
  if (finished_) {
    retire();
    return;
  }
  if (ok && !ended_ && handler_ != nullptr) {
    std::vector<grpc::Slice> slices;
    std::vector<std::string_view> pieces;
    if (read_buffer_.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) {
        pieces.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
    }
    handler_->on_frame(pieces);
  }
  if (ok && !finishing_) {  // what comes after the end is read and dropped, until the stream is over
    read_next();
    return;
  }
  end(std::nullopt);
  finish_if_idle();
}

void Call::write_done(bool ok) {
  if (!ok) end(std::nullopt);
  const bool more = ok && outbox_ != nullptr && outbox_->written();
  --pending_writes_;
  if (!more && closing_) half_close();
  finish_if_idle();
}

void Call::cancel(Error reason) {
  if (ended_ && !finished_) try_cancel();  // it was ending in good order, too slowly
  end(std::move(reason));
}

void Call::close() {
  if (ended_ || std::exchange(closing_, true)) return;
  if (outbox_ == nullptr || outbox_->finish()) half_close();
}

void Call::half_close() {
  if (ended_ || finishing_) return;
  ++pending_writes_;
  if (begin_half_close(&half_closed_)) return;
  --pending_writes_;
  end(std::nullopt);
}

void Call::end(std::optional<Error> reason) {
  if (ended_) return;
  ended_ = true;
  if (outbox_ != nullptr) outbox_->close();
  if (reason) {
    try_cancel();
    report_end(*std::move(reason));
  } else if (!finishes_after_read()) {
    report_end(end_reason());
  }
  finish_if_idle();
}

void Call::finish_if_idle() {
  if (!ended_ || finished_ || pending_writes_ > 0) return;
  if (!finishing_) {
    if (reading_ && finishes_after_read()) return;
    finishing_ = true;
    begin_finish(&finish_done_);
  }
}

void Call::finish_done() {
  finished_ = true;
  report_end(end_reason());
  if (!reading_) retire();  // else the read ends with the stream, and does it
}

void Call::report_end(Error reason) {
  CallHandler* handler = std::exchange(handler_, nullptr);
  if (handler != nullptr) handler->on_ended(std::move(reason));
}

ClientCall::ClientCall(CompletionLoop& loop, std::shared_ptr<grpc::Channel> channel,
                       const std::string& method, std::function<void(Call*)> on_done)
    : Call(std::move(on_done)),
      channel_(std::move(channel)),
      stub_(channel_),
      stream_(stub_.PrepareCall(&context_, method, loop.queue())),
      started_([this](bool ok) { start_done(ok); }) {}

void ClientCall::start() {
  reserve_write();
  stream_->StartCall(&started_);
}

std::string ClientCall::peer_address() const { return parse_grpc_peer(context_.peer()).value_or(""); }

bool ClientCall::begin_half_close(void* tag) {
  stream_->WritesDone(tag);
  return true;
}

Error ClientCall::end_reason() const { return from_status(status_); }

ServerCall::ServerCall(CompletionLoop& loop, grpc::AsyncGenericService& service,
                       std::function<void(std::shared_ptr<ServerCall>)> on_open,
                       std::function<void(Call*)> on_done)
    : Call(std::move(on_done)),
      loop_(loop),
      service_(service),
      on_open_(std::move(on_open)),
      stream_(&context_),
      opened_([this](bool ok) {
        if (!ok) {
          retire();
          return;
        }
        method_ = context_.method();
        make_writable();
        on_open_(std::static_pointer_cast<ServerCall>(shared_from_this()));
      }) {}

void ServerCall::wait_for_stream() {
  service_.RequestCall(&context_, &stream_, loop_.queue(), loop_.queue(), &opened_);
}

std::string ServerCall::peer_address() const { return parse_grpc_peer(context_.peer()).value_or(""); }

void ServerCall::refuse(const Error& error) {
  status_ = to_status(error);
  set_handler(nullptr);
  end(std::nullopt);
}

Error ServerCall::end_reason() const { return {ErrorCode::unavailable, "the peer closed the connection"}; }

}  // namespace shoal
