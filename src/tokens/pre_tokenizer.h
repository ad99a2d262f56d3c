// Cuts a normalised text into the pieces that no token crosses: a list of steps, each of which cuts the
// pieces of the one before further.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokens/pattern.h"

namespace shoal {

// What becomes of the matches of a pattern, as tokenizer.json names it.
enum class SplitBehavior : uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct SplitStep {
  Pattern pattern;
  SplitBehavior behavior;
  bool invert;  // the matches are what lies between the matches
};
// Puts a space in front of a piece that does not start with one.
struct PrefixSpaceStep {};
// SentencePiece's way: spaces become ▁, and a ▁ is put in front.
struct MetaspaceStep {
  enum class Prepend : uint8_t { always, first, never };
  std::string replacement;  // one character
  Prepend prepend;
  bool split;  // before each replacement
};
// Cuts before a run of `mark` where a vocabulary allows it: see cuts_before_mark.
struct CutBeforeMarkStep {
  std::string mark;
};

using PreTokenizerStep = std::variant<SplitStep, PrefixSpaceStep, MetaspaceStep, CutBeforeMarkStep>;

// A text and its pieces, in order; what lies between pieces is dropped.
struct PreTokenizedText {
  std::string text;
  std::vector<TextRange> pieces;
  bool begins_input;     // the text starts where the whole input starts
  bool complete = true;  // no pattern gave up
};

class PreTokenizer {
 public:
  PreTokenizer() = default;
  explicit PreTokenizer(std::vector<PreTokenizerStep> steps) : steps_(std::move(steps)) {}

  // Valid UTF-8 in and out.
  PreTokenizedText apply(std::string text, bool begins_input) const;
  // As Normalizer::shrinking.
  int64_t shrinking() const;

 private:
  std::vector<PreTokenizerStep> steps_;
};

}  // namespace shoal
