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

// The stream as its outbox sees it.
class FrameWriter {
 public:
  virtual ~FrameWriter() = default;
  // Called, on any thread, when there is something to take() where nothing was.
  virtual void wake() = 0;
};

class Outbox {
 public:
  struct Limits {
    int64_t frames;       // that wait
    int64_t bytes;        // that wait or are being written
    int64_t frame_bytes;  // of a single frame
  };
  enum class Push : uint8_t { taken, closed, full, too_large };

  explicit Outbox(Limits limits) : limits_(limits) {}

  // Never waits. Any thread.
  Push push(EncodedFrame frame);

  // From now on frames go to this writer, the waiting ones first.
  void attach(std::shared_ptr<FrameWriter> writer);

  // The frames that are to be written next, in one go. The call says that those taken before have been
  // written. Empty when none wait; the writer is woken when one comes.
  std::vector<EncodedFrame> take();

  // Drops the frames that wait, and takes no more.
  void close();

  // Takes no more frames. True when none waits or is being written; otherwise the writer sees the end when
  // take() is empty.
  bool finish();

 private:
  std::shared_ptr<FrameWriter> begin_if_idle() REQUIRES(mutex_);

  const Limits limits_;
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<FrameWriter> writer_ GUARDED_BY(mutex_);
  bool is_writing_ GUARDED_BY(mutex_) = false;  // also when the writer has only been woken
  int64_t bytes_ GUARDED_BY(mutex_) = 0;        // waiting and being written
  int64_t taken_bytes_ GUARDED_BY(mutex_) = 0;  // being written
  std::deque<EncodedFrame> waiting_ GUARDED_BY(mutex_);
};

}  // namespace shoal
