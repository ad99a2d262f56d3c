// The bytes of a connection as frames and back: a fixed header, what is said (protobuf), then float32 values
// as they lie in memory. Bytes in, frames out; no input or output. proto/shoal.proto has the layout.
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

// As the header has it.
enum class FrameKind : uint8_t { control = 1, ring = 2, refusal = 3 };

inline constexpr size_t frame_header_bytes = 16;

// A frame as it goes out: `head`, which is header and message, then the bytes of `hidden`, which are not
// copied.
struct EncodedFrame {
  std::string head;
  std::vector<float> hidden;

  int64_t byte_count() const { return static_cast<int64_t>(head.size() + hidden.size() * sizeof(float)); }
};

// Writes the header; `frame.head` is the space for it and the message behind.
void write_frame_header(EncodedFrame& frame, FrameKind kind);

// A frame as it came in. `message` is valid until the reader is used again.
struct Frame {
  FrameKind kind;
  std::string_view message;
  std::vector<float> hidden;
};

// Takes memory for what has arrived, and little for what is announced only.
class FrameReader {
 public:
  // `byte_limit`: of a frame, its header included.
  explicit FrameReader(int64_t byte_limit) : byte_limit_(byte_limit) {}

  // For the frames that are not begun yet.
  void set_byte_limit(int64_t byte_limit) { byte_limit_ = byte_limit; }

  // Where the next bytes are to be put; never empty when next() has given all there was. Hidden states have
  // their final place already.
  std::span<std::byte> space();
  // So many bytes have been put there.
  void advance(size_t count);

  // The next frame that has arrived whole; nullopt: more bytes are needed. corrupt_data is the end of it.
  Result<std::optional<Frame>> next();

 private:
  struct Header {
    FrameKind kind;
    size_t message_bytes;
    size_t hidden_bytes;
  };
  // A part of a frame on its way: so many bytes of it have arrived.
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
  bool is_buffer_small_ = false;  // more came at once than it holds
  std::optional<Header> header_;  // of the frame that is being read
  Part<std::string> message_;
  Part<std::vector<float>> hidden_;
  Target target_ = Target::buffer;  // what space() has given
};

}  // namespace shoal
