// One TCP connection to another node as a stream of frames, seen from either end. Everything but wake() runs
// on the network's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/byte_stream.h"
#include "net/frames.h"
#include "net/network_loop.h"
#include "net/outbox.h"

namespace shoal {

class FrameStream;

class FrameHandler {
 public:
  virtual ~FrameHandler() = default;
  virtual void on_frame(Frame frame) = 0;
  // Called once; nothing follows.
  virtual void on_ended(Error reason) = 0;
};

// Keeps a stream until it is over.
class FrameStreamOwner {
 public:
  virtual ~FrameStreamOwner() = default;
  // The stream has been refused, and lasts until the other side has read why.
  virtual void on_refused(FrameStream& stream) = 0;
  // The stream has ended, and none of its operations is under way.
  virtual void on_over(FrameStream& stream) = 0;
};

class FrameStream final : public FrameWriter, public std::enable_shared_from_this<FrameStream> {
 public:
  // `byte_limit` holds for frames that come in, until set_byte_limit().
  FrameStream(std::shared_ptr<NetworkLoop> loop, FrameStreamOwner& owner, int64_t byte_limit);

  // Called once, by whoever has connected `bytes` or wants them connected. A handler may be set after it in
  // the same task, because no frame is read before that ends.
  void start(std::unique_ptr<ByteStream> bytes);

  // `handler` is told of frames and of the end until it is replaced. While it is null, frames are not taken.
  void set_handler(FrameHandler* handler) { handler_ = handler; }
  void set_byte_limit(int64_t byte_limit) { reader_.set_byte_limit(byte_limit); }
  // The frames of `outbox` are sent on this stream.
  void attach(std::shared_ptr<Outbox> outbox);

  bool is_open() const { return is_open_; }
  // The address of the other side; empty before the stream is open.
  const std::string& peer_address() const { return peer_address_; }
  TimePoint begun_at() const { return begun_at_; }

  // Ends at once; the handler hears the reason.
  void cancel(Error reason);
  // Sends what is in the outbox, tells the other side that nothing more comes, and ends when that has closed
  // too: the caller limits the time. The handler hears of the end.
  void close();
  // As close(), with the error as the last frame. The handler hears nothing any more.
  void refuse(const Error& error);

  void wake() override;

 private:
  void opened();
  void read_next();
  void read_done(const Result<size_t>& count);
  void take_frames();
  void write_next();
  void write_rest();
  void write_done(const Result<size_t>& count);
  void finish_writing();
  void end(Error reason);
  void release_if_idle();

  const std::shared_ptr<NetworkLoop> loop_;
  FrameStreamOwner& owner_;
  const TimePoint begun_at_;
  std::unique_ptr<ByteStream> bytes_;  // null before the start and after the end
  std::string peer_address_;
  FrameHandler* handler_ = nullptr;
  FrameReader reader_;
  std::vector<std::byte> dropped_;  // what comes after a refusal
  std::shared_ptr<Outbox> outbox_;
  std::vector<EncodedFrame> writing_;
  size_t written_ = 0;  // bytes of writing_
  int pending_ = 0;     // operations of bytes_ that are under way
  bool is_open_ = false;
  bool closing_ = false;
  bool refused_ = false;
  bool ended_ = false;
  bool released_ = false;
};

}  // namespace shoal
