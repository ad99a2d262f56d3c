// Turns frames into the bytes of a connection and back. A frame is a fixed header, a protobuf message and
// float32 values as they lie in memory; proto/shoal.proto has the layout. Nothing here reads or writes a
// socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace shoal {

// The values are those of the header.
enum class FrameKind : uint8_t { control = 1, ring = 2, refusal = 3 };

inline constexpr size_t frame_header_bytes = 16;

// A frame to be sent: `head` holds its header and message. The bytes of `hidden` follow, and are sent from
// where they lie.
struct EncodedFrame {
  std::string head;
  std::vector<float> hidden;

  int64_t byte_count() const { return static_cast<int64_t>(head.size() + hidden.size() * sizeof(float)); }
};

// Writes the header into the first `frame_header_bytes` of `frame.head`, before the message that is there.
void write_frame_header(EncodedFrame& frame, FrameKind kind);

// A frame that was read. `message` is valid until the reader is used again.
struct Frame {
  FrameKind kind;
  std::string_view message;
  std::vector<float> hidden;
};

// Makes frames of bytes as they arrive. Its memory grows with the bytes that have arrived, and hardly with
// what a header only announces.
class FrameReader {
 public:
  // `byte_limit` is that of a frame, its header included.
  explicit FrameReader(int64_t byte_limit) : byte_limit_(byte_limit) {}

  // Holds for frames whose header next() has not read yet.
  void set_byte_limit(int64_t byte_limit) { byte_limit_ = byte_limit; }

  // Where the next bytes are to be put, which for hidden states is their final place. Never empty when next()
  // has returned nullopt.
  std::span<std::byte> space();
  // Says that `count` bytes have been put into space().
  void advance(size_t count);

  // The next frame that has arrived whole; nullopt when more bytes are needed. After corrupt_data the reader
  // is of no more use.
  Result<std::optional<Frame>> next();

 private:
  struct Header {
    FrameKind kind;
    size_t message_bytes;
    size_t hidden_bytes;
  };
  // A part of the frame that is being read; `arrived` counts its bytes so far.
  template <class Container>
  struct Part {
    Container content;
    size_t arrived = 0;
  };
  enum class Target : uint8_t { buffer, message, hidden };

  size_t buffered() const { return end_ - begin_; }
  Result<Header> parse_header() const;
  template <class Container>
  bool fill_from_buffer(Part<Container>& part, size_t byte_count);
  std::span<std::byte> buffer_space();

  int64_t byte_limit_;
  std::vector<std::byte> buffer_;  // [begin_, end_) has arrived and belongs to no frame yet
  size_t begin_ = 0;
  size_t end_ = 0;
  bool is_buffer_small_ = false;  // the last bytes filled it
  std::optional<Header> header_;  // of the frame that is being read
  Part<std::string> message_;
  Part<std::vector<float>> hidden_;
  Target target_ = Target::buffer;  // what space() has given
};

}  // namespace shoal
