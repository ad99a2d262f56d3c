#include "net/frame_stream.h"

#include <array>
#include <span>
#include <utility>

#include "base/check.h"
#include "net/wire.h"

namespace shoal {
namespace {

// For the outbox of a stream that had none before it was refused.
constexpr Outbox::Limits refusal_limits = {.frames = 1, .bytes = 1 << 17, .frame_bytes = 1 << 17};

constexpr size_t dropped_bytes = 4096;  // read at a time from a stream that was refused

using Pieces = std::array<std::span<const std::byte>, ByteStream::most_pieces>;

// Puts what follows the first `skipped` bytes of `frames` into `pieces`, as far as there is room, and returns
// how many were filled.
size_t collect_pieces(const std::vector<EncodedFrame>& frames, size_t skipped, Pieces& pieces) {
  size_t count = 0;
  auto add = [&](std::span<const std::byte> piece) {
    const size_t passed = std::min(skipped, piece.size());
    skipped -= passed;
    if (passed < piece.size() && count < pieces.size()) pieces[count++] = piece.subspan(passed);
  };
  for (const EncodedFrame& frame : frames) {
    add(std::as_bytes(std::span(frame.head)));
    add(std::as_bytes(std::span(frame.hidden)));
  }
  return count;
}

}  // namespace

FrameStream::FrameStream(std::shared_ptr<NetworkLoop> loop, FrameStreamOwner& owner, int64_t byte_limit)
    : loop_(std::move(loop)),
      owner_(owner),
      begun_at_(std::chrono::steady_clock::now()),
      reader_(byte_limit) {}

void FrameStream::start(std::unique_ptr<ByteStream> bytes) {
  CHECK(bytes_ == nullptr && !is_open_);
  if (ended_) return;
  bytes_ = std::move(bytes);
  ++pending_;
  bytes_->open([self = shared_from_this()](const Result<void>& done) {
    --self->pending_;
    if (!done) self->end(done.error());
    if (self->ended_) {
      self->release_if_idle();
    } else {
      self->opened();
    }
  });
}

void FrameStream::opened() {
  is_open_ = true;
  peer_address_ = bytes_->peer_address();
  if (outbox_ != nullptr) outbox_->attach(shared_from_this());
  read_next();
}

void FrameStream::attach(std::shared_ptr<Outbox> outbox) {
  if (ended_) {
    outbox->close();
    return;
  }
  outbox_ = std::move(outbox);
  if (is_open_) outbox_->attach(shared_from_this());
}

void FrameStream::read_next() {
  if (ended_) return;
  ++pending_;
  bytes_->read_some(refused_ ? std::span(dropped_) : reader_.space(),
                    [self = shared_from_this()](const Result<size_t>& count) {
                      --self->pending_;
                      self->read_done(count);
                      self->read_next();
                      self->release_if_idle();
                    });
}

void FrameStream::read_done(const Result<size_t>& count) {
  if (!count) {
    end(count.error());
  } else if (!refused_) {  // after a refusal nobody looks at it
    reader_.advance(*count);
    take_frames();
  }
}

void FrameStream::take_frames() {
  while (!ended_ && handler_ != nullptr) {
    Result<std::optional<Frame>> frame = reader_.next();
    if (!frame) return end(frame.error());
    if (!*frame) return;
    handler_->on_frame(**std::move(frame));
  }
}

void FrameStream::wake() {
  loop_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->write_next();
  });
}

void FrameStream::write_next() {
  if (ended_) return;
  writing_ = outbox_->take();
  written_ = 0;
  if (!writing_.empty()) {
    write_rest();
  } else if (closing_) {
    finish_writing();
  }
}

void FrameStream::write_rest() {
  Pieces pieces;
  const size_t count = collect_pieces(writing_, written_, pieces);
  if (count == 0) return write_next();
  ++pending_;
  bytes_->write_some({pieces.data(), count}, [self = shared_from_this()](const Result<size_t>& written) {
    --self->pending_;
    self->write_done(written);
    self->release_if_idle();
  });
}

void FrameStream::write_done(const Result<size_t>& count) {
  if (ended_) return;
  if (!count) return end(count.error());
  written_ += *count;
  write_rest();
}

void FrameStream::cancel(Error reason) { end(std::move(reason)); }

void FrameStream::close() {
  if (ended_ || std::exchange(closing_, true)) return;
  if (!is_open_) return end({ErrorCode::cancelled, "the connection was closed here"});
  if (outbox_ == nullptr || outbox_->finish()) finish_writing();
}

void FrameStream::refuse(const Error& error) {
  if (ended_ || std::exchange(refused_, true)) return;
  const auto alive = shared_from_this();
  handler_ = nullptr;
  dropped_.resize(dropped_bytes);
  if (outbox_ == nullptr) attach(std::make_shared<Outbox>(refusal_limits));
  outbox_->push(encode(error));
  close();
  if (!ended_) owner_.on_refused(*this);
}

// Closes only this direction: if the socket were closed while the other side still sends, what that has not
// read yet would be lost.
void FrameStream::finish_writing() { bytes_->finish_writing(); }

void FrameStream::end(Error reason) {
  if (std::exchange(ended_, true)) return;
  const auto alive = shared_from_this();
  if (outbox_ != nullptr) outbox_->close();
  if (bytes_ != nullptr) bytes_->close();
  FrameHandler* handler = std::exchange(handler_, nullptr);
  if (handler != nullptr) handler->on_ended(std::move(reason));
  release_if_idle();
}

void FrameStream::release_if_idle() {
  if (!ended_ || pending_ > 0 || std::exchange(released_, true)) return;
  bytes_.reset();
  owner_.on_over(*this);
}

}  // namespace shoal
