// Turns a stream of tokens into a stream of text that never ends inside a UTF-8 character, and ends it at a stop
// string even where that lies across token borders.
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace shoal {

class StreamingDetokenizer {
 public:
  // `tokenizer` must outlive this. Stop strings are not empty.
  StreamingDetokenizer(const Tokenizer& tokenizer, std::vector<std::string> stop_strings);

  struct Piece {
    std::string text;  // what may be shown now; held back: half a character, or a possible start of a stop string
    bool stopped;      // a stop string was found; text ends in front of it, and no more tokens are to be added
  };
  // Special tokens give no text.
  Piece add(TokenId token);

  // What was held back, at the end of the generation. Bytes that never became a character are replaced by U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::vector<std::string> stop_strings_;
  std::string held_;
};

}  // namespace shoal
