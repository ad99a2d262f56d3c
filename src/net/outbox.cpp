#include "net/outbox.h"

#include <utility>

namespace shoal {

bool Outbox::take_next(Start& start) {
  if (writer_ == nullptr || writing_ >= 0 || waiting_.empty()) return false;
  start.writer = writer_;
  start.frame = std::move(waiting_.front());
  waiting_.pop_front();
  writing_ = start.frame.byte_count();
  writer_->reserve_write();
  return true;
}

Outbox::Push Outbox::push(EncodedFrame frame) {
  Start start;
  {
    MutexLock lock(mutex_);
    if (closed_) return Push::closed;
    const int64_t size = frame.byte_count();
    if (size > limits_.frame_bytes) return Push::too_large;
    const bool has_room = std::ssize(waiting_) < limits_.frames && bytes_ + size <= limits_.bytes;
    if (!has_room) return Push::full;
    bytes_ += size;
    waiting_.push_back(std::move(frame));
    if (!take_next(start)) return Push::taken;
  }
  start.writer->write(std::move(start.frame));
  return Push::taken;
}

void Outbox::attach(std::shared_ptr<FrameWriter> writer) {
  Start start;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    writer_ = std::move(writer);
    if (!take_next(start)) return;
  }
  start.writer->write(std::move(start.frame));
}

bool Outbox::written() {
  Start start;
  {
    MutexLock lock(mutex_);
    bytes_ -= std::max<int64_t>(writing_, 0);
    writing_ = -1;
    if (!take_next(start)) return false;
  }
  start.writer->write(std::move(start.frame));
  return true;
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
  return waiting_.empty() && writing_ < 0;
}

}  // namespace shoal
