// A regular expression of a tokenizer file. Known ones have a hand-written scanner, which takes time in
// proportion to the text. All others run in PCRE2 with bounded work, so that none can run away.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokens/tokenizer.h"

namespace shoal {

// `general` uses PCRE2 even for a known pattern; for tests.
enum class PatternEngine : uint8_t { fastest, general };

class Pattern {
 public:
  // Takes the syntax of Oniguruma and Rust's regex as far as tokenizers use it: \s means Unicode's
  // White_Space, and a class may be an intersection [a&&[^b]]. invalid_argument with the position when
  // `source` is no pattern.
  static Result<Pattern> compile(std::string_view source, PatternEngine engine = PatternEngine::fastest);
  // A pattern that finds exactly this text.
  static Pattern literal(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether the time is in proportion to the text, whatever the text is.
  bool is_linear() const;

  // Finds the matches from left to right, none empty, none overlapping; `text` is valid UTF-8. False when the
  // work exceeds the bounds, which never happens to a known pattern; the rest of the text then has no
  // matches. Any thread may call.
  bool find_all(std::string_view text, std::vector<TextRange>& matches) const;

 private:
  struct Code;
  explicit Pattern(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace shoal
