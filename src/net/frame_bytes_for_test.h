// The bytes of frames as they go over a connection.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "net/frames.h"

namespace shoal {

inline std::string bytes_of(const EncodedFrame& frame) {
  return frame.head +
         std::string(reinterpret_cast<const char*>(frame.hidden.data()), frame.hidden.size() * sizeof(float));
}

// A header of any kind and sizes, right or wrong.
inline std::string frame_header(uint8_t kind, uint32_t message_bytes, uint32_t hidden_bytes) {
  std::string bytes = "Shol" + std::string(12, '\0');
  bytes[4] = static_cast<char>(kind);
  std::memcpy(bytes.data() + 8, &message_bytes, 4);
  std::memcpy(bytes.data() + 12, &hidden_bytes, 4);
  return bytes;
}

}  // namespace shoal
