#include "base/utf8.h"

#include <algorithm>
#include <cstring>

namespace shoal {
namespace {

// What must follow a first byte: the count of further bytes, and the range of the second (Unicode, table
// 3-7).
struct Lead {
  int32_t more;
  unsigned char low;
  unsigned char high;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, 0, 0};
  if (byte < 0xC2) return {-1, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {-1, 0, 0};
}

}  // namespace

CodePoint decode_utf8(std::string_view text, int64_t at) {
  const auto byte_at = [&](int64_t i) { return static_cast<unsigned char>(text[static_cast<size_t>(i)]); };
  const unsigned char first = byte_at(at);
  const Lead lead = lead_of(first);
  if (lead.more == 0) return {first, 1, true};
  if (lead.more < 0) return {replacement_character, 1, false};
  char32_t value = first & (0x3F >> lead.more);
  for (int32_t i = 1; i <= lead.more; ++i) {
    if (at + i >= static_cast<int64_t>(text.size())) return {replacement_character, i, false};
    const unsigned char byte = byte_at(at + i);
    const unsigned char low = i == 1 ? lead.low : 0x80;
    const unsigned char high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return {replacement_character, i, false};
    value = (value << 6) | (byte & 0x3F);
  }
  return {value, lead.more + 1, true};
}

void append_utf8(char32_t code_point, std::string& text) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

namespace {

// The end of the run of ASCII bytes that starts at `at`, found eight bytes at a time.
int64_t skip_ascii(std::string_view text, int64_t at) {
  const auto size = static_cast<int64_t>(text.size());
  while (at + 8 <= size) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080u) != 0) break;
    at += 8;
  }
  while (at < size && static_cast<signed char>(text[static_cast<size_t>(at)]) >= 0) ++at;
  return at;
}

}  // namespace

bool is_ascii(std::string_view text) { return skip_ascii(text, 0) == static_cast<int64_t>(text.size()); }

bool is_valid_utf8(std::string_view text) {
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = skip_ascii(text, 0); at < size; at = skip_ascii(text, at)) {
    const CodePoint code_point = decode_utf8(text, at);
    if (!code_point.valid) return false;
    at += code_point.length;
  }
  return true;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint code_point = decode_utf8(text, at);
    if (code_point.valid) {
      repaired.append(text, static_cast<size_t>(at), static_cast<size_t>(code_point.length));
    } else {
      append_utf8(replacement_character, repaired);
    }
    at += code_point.length;
  }
  return repaired;
}

int64_t unfinished_utf8(std::string_view text) {
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t back = 1; back <= std::min<int64_t>(3, size); ++back) {
    const auto byte = static_cast<unsigned char>(text[static_cast<size_t>(size - back)]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;
    const CodePoint code_point = decode_utf8(text, size - back);
    const bool cut_off = !code_point.valid && code_point.length == back && lead_of(byte).more >= back;
    return cut_off ? back : 0;
  }
  return 0;
}

int64_t count_code_points(std::string_view valid_text) {
  return std::count_if(valid_text.begin(), valid_text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

}  // namespace shoal
