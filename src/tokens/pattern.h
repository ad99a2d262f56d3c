// A regular expression of a tokenizer file. The known ones have a scanner written for them, which takes time
// in proportion to the text; any other is PCRE2's, whose work is bounded, so that none can run away.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokens/tokenizer.h"

namespace shoal {

// `general`: PCRE2 even for a known pattern, for tests.
enum class PatternEngine : uint8_t { fastest, general };

class Pattern {
 public:
  // In the syntax of Oniguruma and Rust's regex as far as tokenizers use it: \s means Unicode's White_Space,
  // and a class may be an intersection [a&&[^b]]. invalid_argument with the position when it is no pattern.
  static Result<Pattern> compile(std::string_view source, PatternEngine engine = PatternEngine::fastest);
  // Finds this text.
  static Pattern literal(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether it takes time in proportion to the text whatever that is.
  bool is_linear() const;

  // The matches from left to right, none empty, none overlapping; `text` is valid UTF-8. False where the work
  // exceeds the bounds, which a known pattern's never does; the rest of the text then holds no matches. Any
  // thread.
  bool find_all(std::string_view text, std::vector<TextRange>& matches) const;

 private:
  struct Code;
  explicit Pattern(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace shoal
