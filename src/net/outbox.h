// The bounded queue in front of a stream: frames go out one at a time, in order. It may be filled before the
// stream is there.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "base/mutex.h"
#include "net/wire.h"

namespace shoal {

// The stream's side.
class FrameWriter {
 public:
  virtual ~FrameWriter() = default;
  // A write is about to begin; called under the outbox's lock, so it only counts.
  virtual void reserve_write() = 0;
  // One at a time; the writer answers with Outbox::written. Any thread.
  virtual void write(EncodedFrame frame) = 0;
};

class Outbox {
 public:
  struct Limits {
    int64_t frames;
    int64_t bytes;
    int64_t frame_bytes;  // of a single frame
  };
  enum class Push : uint8_t { taken, closed, full, too_large };

  explicit Outbox(Limits limits) : limits_(limits) {}

  // Never waits. Any thread.
  Push push(EncodedFrame frame);

  // From now on frames go to that stream, the waiting ones first.
  void attach(std::shared_ptr<FrameWriter> writer);

  // The last write has been done: begins the next. False when there is none.
  bool written();

  // Drops what waits, refuses what comes.
  void close();

  // Refuses what comes. True: nothing waits or is being written; else written() will return false at the end.
  bool finish();

 private:
  struct Start {
    std::shared_ptr<FrameWriter> writer;
    EncodedFrame frame;
  };
  bool take_next(Start& start) REQUIRES(mutex_);

  const Limits limits_;
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<FrameWriter> writer_ GUARDED_BY(mutex_);
  int64_t bytes_ GUARDED_BY(mutex_) = 0;     // waiting and being written
  int64_t writing_ GUARDED_BY(mutex_) = -1;  // bytes of the frame being written; -1: none
  std::deque<EncodedFrame> waiting_ GUARDED_BY(mutex_);
};

}  // namespace shoal
