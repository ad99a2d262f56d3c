// Turns a stream of tokens into a stream of text that never ends inside a UTF-8 character, and stops it at a
// stop string even when that crosses token borders.
#pragma once

#include <string>
#include <vector>

#include "tokens/stop_matcher.h"
#include "tokens/tokenizer.h"

namespace shoal {

// Whether the first token begins a text (a chat's answer) or continues one (a completion's prompt).
enum class TextStart : uint8_t { beginning, continuation };

class StreamingDetokenizer {
 public:
  // `tokenizer` must outlive this. Empty stop strings are ignored. `shown_tokens` are special tokens that
  // count as text because whoever reads the answer looks for them.
  StreamingDetokenizer(const Tokenizer& tokenizer, const std::vector<std::string>& stop_strings,
                       TextStart start = TextStart::beginning, std::vector<TokenId> shown_tokens = {});

  struct Piece {
    // The text that may be shown now. Half a character and a possible start of a stop string are held back.
    std::string text;
    bool stopped;  // a stop string was found; text ends before it, and no more tokens may be added
  };
  // Gives no text for special tokens that are not shown.
  Piece add(TokenId token);

  // Gives the text that was held back, at the end of a generation. Bytes that never became a character are
  // replaced by U+FFFD.
  std::string finish();

  // The stop string that was found; empty when none was.
  const std::string& stopped_at() const { return stopped_at_; }

 private:
  // Takes text of whole characters and puts into `piece` what may be shown.
  void feed(std::string_view text, Piece& piece);

  const Tokenizer& tokenizer_;
  const std::vector<TokenId> shown_tokens_;
  StopMatcher stops_;
  std::string bytes_;  // the beginning of a character, at most three bytes
  std::string held_;   // whole characters that may be the beginning of a stop string
  bool drop_space_;
  bool stopped_ = false;
  std::string stopped_at_;
};

}  // namespace shoal
