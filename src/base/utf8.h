// UTF-8 as Python and Rust read it: a malformed sequence counts as one U+FFFD for each maximal subpart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shoal {

inline constexpr char32_t replacement_character = 0xFFFD;

struct CodePoint {
  char32_t value;  // U+FFFD where `valid` is false
  int32_t length;  // bytes, at least 1
  bool valid;
};

// Decodes the code point that starts at byte `at`, which lies within the text.
CodePoint decode_utf8(std::string_view text, int64_t at);
void append_utf8(char32_t code_point, std::string& text);

bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);
// Replaces each malformed sequence by U+FFFD.
std::string repair_utf8(std::string_view text);

// How many bytes at the end of `text` begin a character that further bytes may complete: 0 to 3.
int64_t unfinished_utf8(std::string_view text);

// The length in bytes of the valid character whose first byte is `first`.
inline int32_t utf8_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

int64_t count_code_points(std::string_view valid_text);

}  // namespace shoal
