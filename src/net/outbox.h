// The bounded queue in front of a stream: frames go out in order, several at a time. It may be filled before
// the stream is there.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "net/frames.h"

namespace shoal {

// The stream's side.
class FrameWriter {
 public:
  virtual ~FrameWriter() = default;
  // There is something to take(), where nothing was. Any thread.
  virtual void wake() = 0;
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

  // The frames that are to be written next, together; what was taken before has been written. Empty when
  // there are none: the writer will be woken.
  std::vector<EncodedFrame> take();

  // Drops what waits, refuses what comes.
  void close();

  // Refuses what comes. True: nothing waits or is being written; else take() will be empty at the end.
  bool finish();

 private:
  std::shared_ptr<FrameWriter> begin_if_idle() REQUIRES(mutex_);

  const Limits limits_;
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<FrameWriter> writer_ GUARDED_BY(mutex_);
  bool is_writing_ GUARDED_BY(mutex_) = false;  // or the writer has been woken to
  int64_t bytes_ GUARDED_BY(mutex_) = 0;        // waiting and being written
  int64_t taken_bytes_ GUARDED_BY(mutex_) = 0;  // being written
  std::deque<EncodedFrame> waiting_ GUARDED_BY(mutex_);
};

}  // namespace shoal
