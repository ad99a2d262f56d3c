#include "tokens/byte_level.h"

#include <array>
#include <cstdint>

namespace shoal {
namespace {

constexpr bool is_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

// The byte of each character up to U+0143, -1 for none. Printable bytes are written as themselves, the others
// as characters from U+0100 on.
constexpr std::array<int16_t, 0x144> byte_of_letter = [] {
  std::array<int16_t, 0x144> byte_of{};
  byte_of.fill(-1);
  int16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const auto character = is_itself(byte) ? byte : next++;
    byte_of[static_cast<size_t>(character)] = static_cast<int16_t>(byte);
  }
  return byte_of;
}();

}  // namespace

bool append_byte_level(std::string_view written, std::string& bytes) {
  const size_t before = bytes.size();
  bytes.resize(before + written.size());
  char* out = bytes.data() + before;
  for (size_t at = 0; at < written.size();) {
    // Characters below U+0144 take one or two bytes.
    size_t character = static_cast<unsigned char>(written[at++]);
    if (character >= 0x80) {
      const bool two = character >= 0xC2 && character < 0xC6 && at < written.size() &&
                       (static_cast<unsigned char>(written[at]) & 0xC0) == 0x80;
      if (two) character = (character & 0x1F) << 6 | (static_cast<unsigned char>(written[at++]) & 0x3F);
      if (!two || character >= byte_of_letter.size()) character = 0;  // stands for no byte
    }
    if (byte_of_letter[character] < 0) {
      bytes.resize(before);
      return false;
    }
    *out++ = static_cast<char>(byte_of_letter[character]);
  }
  bytes.resize(static_cast<size_t>(out - bytes.data()));
  return true;
}

int byte_of_token(std::string_view written) {
  if (written.size() != 6 || !written.starts_with("<0x") || written[5] != '>') return -1;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  const int high = digit(written[3]);
  const int low = digit(written[4]);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

}  // namespace shoal
