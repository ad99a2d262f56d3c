#include "net/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace shoal {
namespace {

constexpr std::array<uint8_t, 4> magic = {'S', 'h', 'o', 'l'};
constexpr size_t kind_at = 4;
constexpr size_t message_bytes_at = 8;
constexpr size_t hidden_bytes_at = 12;

// The buffer is small while little comes, so that many silent connections cost little.
constexpr size_t smallest_buffer = size_t{4} << 10;
constexpr size_t largest_buffer = size_t{64} << 10;
// Room for a message or hidden states grows in steps as their bytes arrive. It is reserved further ahead,
// because reserved memory costs only addresses until it is filled.
constexpr size_t smallest_step = size_t{64} << 10;
constexpr size_t largest_step = size_t{1} << 20;
constexpr size_t asked_ahead = size_t{64} << 20;
// A reader keeps no more of a message's memory than this for the next one.
constexpr size_t kept_message_bytes = size_t{64} << 10;

void write_u32(char* out, size_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

size_t read_u32(const std::byte* in) {
  size_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<size_t>(in[i]);
  return value;
}

bool is_kind(uint8_t value) {
  switch (static_cast<FrameKind>(value)) {
    case FrameKind::control:
    case FrameKind::ring:
    case FrameKind::refusal: return true;
  }
  return false;
}

template <class Container>
std::span<std::byte> bytes_of(Container& content) {
  return std::as_writable_bytes(std::span(content.data(), content.size()));
}

// Makes room behind the `arrived` bytes for some of those that come next, of `byte_count` in all.
template <class Container>
void make_room(Container& content, size_t arrived, size_t byte_count) {
  constexpr size_t element_bytes = sizeof(*content.data());
  if (arrived < content.size() * element_bytes) return;
  const size_t wanted = std::min(byte_count, arrived + std::clamp(arrived, smallest_step, largest_step));
  if (content.capacity() * element_bytes < wanted) {
    content.reserve(std::min(byte_count, std::max(2 * arrived, asked_ahead)) / element_bytes);
  }
  content.resize(wanted / element_bytes);
}

}  // namespace

void write_frame_header(EncodedFrame& frame, FrameKind kind) {
  CHECK(frame.head.size() >= frame_header_bytes);
  char* header = frame.head.data();
  std::memset(header, 0, frame_header_bytes);
  std::memcpy(header, magic.data(), magic.size());
  header[kind_at] = static_cast<char>(kind);
  write_u32(header + message_bytes_at, frame.head.size() - frame_header_bytes);
  write_u32(header + hidden_bytes_at, frame.hidden.size() * sizeof(float));
}

Result<FrameReader::Header> FrameReader::parse_header() const {
  const std::byte* bytes = buffer_.data() + begin_;
  if (std::memcmp(bytes, magic.data(), magic.size()) != 0) {
    return fail(ErrorCode::corrupt_data, "what comes is no frame of Shoal");
  }
  const auto kind = static_cast<uint8_t>(bytes[kind_at]);
  if (!is_kind(kind)) return fail(ErrorCode::corrupt_data, fmt::format("a frame of unknown kind {}", kind));
  const Header header{.kind = static_cast<FrameKind>(kind),
                      .message_bytes = read_u32(bytes + message_bytes_at),
                      .hidden_bytes = read_u32(bytes + hidden_bytes_at)};
  const auto frame_bytes =
      static_cast<int64_t>(frame_header_bytes + header.message_bytes + header.hidden_bytes);
  if (frame_bytes > byte_limit_) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("a frame of {} bytes, of which {} are allowed here", frame_bytes, byte_limit_));
  }
  if (header.hidden_bytes != 0 && header.kind != FrameKind::ring) {
    return fail(ErrorCode::corrupt_data, "hidden states in a frame that is none of a ring");
  }
  if (header.hidden_bytes % sizeof(float) != 0) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("hidden states of {} bytes, no whole number of float32", header.hidden_bytes));
  }
  return header;
}

std::span<std::byte> FrameReader::buffer_space() {
  const size_t kept = buffered();  // a header that has not arrived whole
  if (begin_ != 0) std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
  begin_ = 0;
  end_ = kept;
  if (buffer_.empty()) buffer_.resize(smallest_buffer);
  if (std::exchange(is_buffer_small_, false) && buffer_.size() < largest_buffer)
    buffer_.resize(largest_buffer);
  return std::span(buffer_).subspan(end_);
}

std::span<std::byte> FrameReader::space() {
  if (header_ && message_.arrived < header_->message_bytes) {
    target_ = Target::message;
    make_room(message_.content, message_.arrived, header_->message_bytes);
    return bytes_of(message_.content).subspan(message_.arrived);
  }
  if (header_ && hidden_.arrived < header_->hidden_bytes) {
    target_ = Target::hidden;
    make_room(hidden_.content, hidden_.arrived, header_->hidden_bytes);
    return bytes_of(hidden_.content).subspan(hidden_.arrived);
  }
  target_ = Target::buffer;
  return buffer_space();
}

void FrameReader::advance(size_t count) {
  switch (target_) {
    case Target::buffer:
      end_ += count;
      is_buffer_small_ = end_ == buffer_.size();
      return;
    case Target::message: message_.arrived += count; return;
    case Target::hidden: hidden_.arrived += count; return;
  }
}

// True when the part is complete.
template <class Container>
bool FrameReader::fill_from_buffer(Part<Container>& part, size_t byte_count) {
  while (part.arrived < byte_count && buffered() > 0) {
    make_room(part.content, part.arrived, byte_count);
    const std::span<std::byte> room = bytes_of(part.content).subspan(part.arrived);
    const size_t count = std::min(room.size(), buffered());
    std::memcpy(room.data(), buffer_.data() + begin_, count);
    begin_ += count;
    part.arrived += count;
  }
  return part.arrived == byte_count;
}

Result<std::optional<Frame>> FrameReader::next() {
  if (!header_) {
    if (buffered() < frame_header_bytes) return std::nullopt;
    const Result<Header> header = parse_header();
    if (!header) return fail(header.error());
    header_ = *header;
    if (header_->kind == FrameKind::ring) is_buffer_small_ = false;  // hidden states do not pass through it
    begin_ += frame_header_bytes;
    message_.arrived = hidden_.arrived = 0;
    hidden_.content = {};
    if (message_.content.capacity() > kept_message_bytes) message_.content = {};
    message_.content.clear();
  }
  if (!fill_from_buffer(message_, header_->message_bytes)) return std::nullopt;
  if (!fill_from_buffer(hidden_, header_->hidden_bytes)) return std::nullopt;
  Frame frame{.kind = header_->kind, .message = message_.content, .hidden = std::move(hidden_.content)};
  header_.reset();
  return frame;
}

}  // namespace shoal
