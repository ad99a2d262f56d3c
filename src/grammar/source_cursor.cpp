#include "grammar/source_cursor.h"

#include "base/utf8.h"

namespace shoal {

void SourceCursor::reject(std::string_view what) {
  if (!wrong_) wrong_ = Wrong{.what = std::string(what), .at = at_};
}

bool SourceCursor::take(std::string_view text) {
  if (!is_at(text)) return false;
  at_ += text.size();
  return true;
}

char32_t SourceCursor::take_character() {
  if (is_at_end()) {
    reject("it ends too early");
    return 0;
  }
  const CodePoint point = decode_utf8(source_, static_cast<int64_t>(at_));
  at_ += static_cast<size_t>(point.length);
  return point.value;
}

int64_t SourceCursor::take_count() {
  constexpr int64_t maximum_count = 10'000;
  int64_t count = 0;
  if (!is_at_digit()) reject("a count is missing");
  while (is_at_digit()) {
    count = count * 10 + (source_[at_++] - '0');
    if (count > maximum_count) reject("a count is over 10000");
  }
  return count;
}

char32_t SourceCursor::take_hex_digit() {
  const char32_t digit = take_character();
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  reject("a hexadecimal digit is missing");
  return 0;
}

}  // namespace shoal
