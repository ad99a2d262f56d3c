// Changes a text before it is cut into pieces, by a list of steps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokens/character_map.h"
#include "tokens/pattern.h"
#include "tokens/unicode.h"

namespace shoal {

struct PrependStep {
  std::string text;  // put in front of every text that is not empty
};
struct ReplaceStep {
  std::string from;  // not empty
  std::string to;
};
struct ReplacePatternStep {
  Pattern from;
  std::string to;
};
struct LowercaseStep {};
struct StripStep {
  bool left;
  bool right;
};
struct CharacterMapStep {
  enum class Way : uint8_t { longest, graphemes };
  CharacterMap map;
  Way way;
  std::vector<std::string> kept = {};  // not empty, the longest first; for Way::longest
};
// SentencePiece's remove_extra_whitespaces: no spaces at the ends, one between words.
struct CollapseSpacesStep {};

// The value of shrinking() when a text of any length may become empty.
inline constexpr int64_t shrinks_to_nothing = 0;

using NormalizerStep = std::variant<NormalForm, PrependStep, ReplaceStep, ReplacePatternStep, LowercaseStep,
                                    StripStep, CharacterMapStep, CollapseSpacesStep>;

class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<NormalizerStep> steps) : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }
  std::string apply(std::string_view valid_text) const;
  // No text gets shorter by more than this factor. 1 only when the text keeps its bytes.
  int64_t shrinking() const;

 private:
  std::vector<NormalizerStep> steps_;
};

std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace shoal
