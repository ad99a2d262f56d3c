// Makes a frame of a protobuf message, and a message of a frame's bytes. Internal to net.
#pragma once

#include <google/protobuf/message_lite.h>

#include <limits>
#include <string_view>
#include <vector>

#include "net/frames.h"

namespace shoal {

inline EncodedFrame encode_message(const google::protobuf::MessageLite& message, FrameKind kind,
                                   std::vector<float> hidden = {}) {
  EncodedFrame frame{.head = {}, .hidden = std::move(hidden)};
  frame.head.reserve(frame_header_bytes + message.ByteSizeLong());
  frame.head.resize(frame_header_bytes);
  message.AppendToString(&frame.head);
  write_frame_header(frame, kind);
  return frame;
}

inline bool parse_message(std::string_view bytes, google::protobuf::MessageLite& message) {
  return bytes.size() <= size_t{std::numeric_limits<int>::max()} &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace shoal
