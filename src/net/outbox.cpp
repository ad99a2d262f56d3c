#include "net/outbox.h"

#include <utility>

#include "net/byte_stream.h"

namespace shoal {
namespace {

// A write takes no further frame when it has so many frames or bytes. A frame is two pieces.
constexpr int64_t batch_frames = ByteStream::most_pieces / 2;
constexpr int64_t batch_bytes = int64_t{1} << 20;

}  // namespace

// The writer, which the caller must wake; null when there is none, it is busy or nothing waits.
std::shared_ptr<FrameWriter> Outbox::begin_if_idle() {
  if (writer_ == nullptr || is_writing_ || waiting_.empty()) return nullptr;
  is_writing_ = true;
  return writer_;
}

Outbox::Push Outbox::push(EncodedFrame frame) {
  std::shared_ptr<FrameWriter> idle;
  {
    MutexLock lock(mutex_);
    if (closed_) return Push::closed;
    const int64_t size = frame.byte_count();
    if (size > limits_.frame_bytes) return Push::too_large;
    const bool has_room = std::ssize(waiting_) < limits_.frames && bytes_ + size <= limits_.bytes;
    if (!has_room) return Push::full;
    bytes_ += size;
    waiting_.push_back(std::move(frame));
    idle = begin_if_idle();
  }
  if (idle != nullptr) idle->wake();
  return Push::taken;
}

void Outbox::attach(std::shared_ptr<FrameWriter> writer) {
  std::shared_ptr<FrameWriter> idle;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    writer_ = std::move(writer);
    idle = begin_if_idle();
  }
  if (idle != nullptr) idle->wake();
}

std::vector<EncodedFrame> Outbox::take() {
  std::vector<EncodedFrame> taken;
  MutexLock lock(mutex_);
  bytes_ -= std::exchange(taken_bytes_, 0);
  while (!waiting_.empty() && std::ssize(taken) < batch_frames && taken_bytes_ < batch_bytes) {
    taken_bytes_ += waiting_.front().byte_count();
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  is_writing_ = !taken.empty();
  return taken;
}

void Outbox::close() {
  std::deque<EncodedFrame> dropped;
  std::shared_ptr<FrameWriter> released;
  MutexLock lock(mutex_);
  closed_ = true;
  dropped.swap(waiting_);
  released.swap(writer_);
}

bool Outbox::finish() {
  MutexLock lock(mutex_);
  closed_ = true;
  return waiting_.empty() && !is_writing_;
}

}  // namespace shoal
