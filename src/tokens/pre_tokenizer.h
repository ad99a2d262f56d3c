// Cuts a normalised text into pieces that no token crosses, by a list of steps, each of which cuts the pieces
// of the step before.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokens/pattern.h"

namespace shoal {

// What happens to the matches of a pattern; the names are tokenizer.json's.
enum class SplitBehavior : uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct SplitStep {
  Pattern pattern;
  SplitBehavior behavior;
  bool invert;  // the text between the matches counts as the matches
};
// Puts a space in front of a piece that does not start with one.
struct PrefixSpaceStep {};
// SentencePiece's way: spaces become ▁, and a ▁ is put in front.
struct MetaspaceStep {
  enum class Prepend : uint8_t { always, first, never };
  std::string replacement;  // one character
  Prepend prepend;
  bool split;  // cuts before each replacement
};
// Cuts before each run of `mark`, for vocabularies that has_mark_inside (tokenizer_steps.h) allows it for.
struct CutBeforeMarkStep {
  std::string mark;
};

using PreTokenizerStep = std::variant<SplitStep, PrefixSpaceStep, MetaspaceStep, CutBeforeMarkStep>;

// A text and its pieces, in order; text between pieces is dropped.
struct PreTokenizedText {
  std::string text;
  std::vector<TextRange> pieces;
  bool begins_input;     // the text starts where the whole input starts
  bool complete = true;  // false: a pattern gave up, see Pattern::find_all
};

class PreTokenizer {
 public:
  PreTokenizer() = default;
  explicit PreTokenizer(std::vector<PreTokenizerStep> steps) : steps_(std::move(steps)) {}

  // Takes and gives valid UTF-8.
  PreTokenizedText apply(std::string text, bool begins_input) const;
  // No text gets shorter by more than this factor, as Normalizer::shrinking.
  int64_t shrinking() const;

 private:
  std::vector<PreTokenizerStep> steps_;
};

}  // namespace shoal
