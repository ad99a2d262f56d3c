// Reads any bytes as a SentencePiece model and encodes and decodes a few texts.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer_exercise.h"
#include "tokens/tokenizer_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view model(reinterpret_cast<const char*>(data), size);
  if (const auto tokenizer = shoal::parse_sentence_piece(model)) shoal::exercise(**tokenizer);
  return 0;
}
