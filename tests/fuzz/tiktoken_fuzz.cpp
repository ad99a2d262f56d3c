// Reads any bytes as a tiktoken vocabulary with one of the patterns or as tekken.json, as the first byte
// chooses, and encodes and decodes a few texts.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer_exercise.h"
#include "tokens/tokenizer_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::array<std::string_view, 5> patterns = {"cl100k", "o200k", "llama3", "llama4", "kimi"};
  if (data[0] % 6 < patterns.size()) {
    const auto tokenizer = shoal::parse_tiktoken(text, patterns[data[0] % 6]);
    if (tokenizer) shoal::exercise(**tokenizer);
  } else if (const auto tokenizer = shoal::parse_tekken(text)) {
    shoal::exercise(**tokenizer);
  }
  return 0;
}
