// Turns a stream of tokens into a stream of text that never ends inside a UTF-8 character, and ends it at a
// stop string even where that lies across token borders.
#pragma once

#include <string>
#include <vector>

#include "tokens/stop_matcher.h"
#include "tokens/tokenizer.h"

namespace shoal {

// Whether the first token begins a text (a chat's answer), or goes on with one (a completion's prompt).
enum class TextStart : uint8_t { beginning, continuation };

class StreamingDetokenizer {
 public:
  // `tokenizer` must outlive this. An empty stop string is never found. `shown_tokens`: special tokens that
  // are text all the same, because whoever reads the answer looks for them.
  StreamingDetokenizer(const Tokenizer& tokenizer, const std::vector<std::string>& stop_strings,
                       TextStart start = TextStart::beginning, std::vector<TokenId> shown_tokens = {});

  struct Piece {
    std::string
        text;      // what may be shown now; held back: half a character, or a possible start of a stop string
    bool stopped;  // a stop string was found; text ends in front of it, and no more tokens are to be added
  };
  // Special tokens that are not shown give no text.
  Piece add(TokenId token);

  // What was held back, at the end of the generation. Bytes that never became a character are replaced by
  // U+FFFD.
  std::string finish();

  // The stop string that was found; empty when none was.
  const std::string& stopped_at() const { return stopped_at_; }

 private:
  // Feeds text of whole characters; `piece` gets what is certain.
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
