// Reads numbers from bytes at any address.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace shoal {

static_assert(std::endian::native == std::endian::little, "files and packed weights are read as they lie");

inline uint32_t load_word(const std::byte* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint16_t load_half(const std::byte* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return half;
}

}  // namespace shoal
