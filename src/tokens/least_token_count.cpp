#include "tokens/least_token_count.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "tokens/unicode.h"

namespace shoal {
namespace {

std::array<int64_t, 256> count_bytes(std::string_view text) {
  std::array<int64_t, 256> counts{};
  for (const char byte : text) ++counts[static_cast<unsigned char>(byte)];
  return counts;
}

// The bytes of all white space characters; other characters may contain them too.
std::string bytes_of_white_space() {
  std::string bytes;
  for (char32_t code_point = 0; code_point < 0x10000; ++code_point) {
    if (is_white_space(code_point)) append_utf8(code_point, bytes);
  }
  return bytes;
}

}  // namespace

LeastTokenCount::LeastTokenCount(const Vocabulary& vocabulary, const Normalizer& normalizer,
                                 const PreTokenizer& pre_tokenizer) {
  const int64_t shrinking = normalizer.shrinking() * pre_tokenizer.shrinking();
  if (shrinking == shrinks_to_nothing) return;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const std::string_view bytes = vocabulary.bytes(id);
    const auto size = static_cast<int64_t>(bytes.size());
    for (const char byte : bytes) {
      int64_t& longest = longest_[static_cast<unsigned char>(byte)];
      longest = std::max(longest, size);
    }
  }
  if (shrinking == 1) return;
  // The tokens' bytes are not the text's bytes, so every byte gets the longest length.
  longest_.fill(std::ranges::max(longest_) * shrinking);
}

int64_t LeastTokenCount::of(std::string_view text) const { return least_for(count_bytes(text)); }

int64_t LeastTokenCount::of_all_but_white_space(std::string_view text) const {
  static const std::string white_space_bytes = bytes_of_white_space();
  ByteCounts counts = count_bytes(text);
  for (const char byte : white_space_bytes) counts[static_cast<unsigned char>(byte)] = 0;
  return least_for(counts);
}

int64_t LeastTokenCount::least_for(const ByteCounts& counts) const {
  double least = 0;
  for (size_t byte = 0; byte < counts.size(); ++byte) {
    if (longest_[byte] > 0) least += static_cast<double>(counts[byte]) / static_cast<double>(longest_[byte]);
  }
  constexpr double rounding = 1e-9;
  return static_cast<int64_t>(std::ceil(least * (1 - rounding) - rounding));
}

}  // namespace shoal
