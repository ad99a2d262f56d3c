#include "text/byte_level.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace shoal {
namespace {

constexpr bool is_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

// The byte of each character up to U+0143, -1 for none: printable bytes are themselves, the others follow
// from U+0100.
constexpr std::array<int16_t, 0x144> kByteOf = [] {
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
  const auto size = static_cast<int64_t>(written.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint c = decode_utf8(written, at);
    if (!c.valid || c.value >= kByteOf.size() || kByteOf[c.value] < 0) {
      bytes.resize(before);
      return false;
    }
    bytes.push_back(static_cast<char>(kByteOf[c.value]));
    at += c.length;
  }
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
