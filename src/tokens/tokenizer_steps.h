// The components of tokenizer.json that change and cut a text, and the patterns of GGUF's named
// pre-tokenizers.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"
#include "tokens/normalizer.h"
#include "tokens/pre_tokenizer.h"

namespace shoal {

// SentencePiece's stand-in for a space, "▁".
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

// Whether `piece` has a mark behind another character. Where no piece that merges make has one, a text may be
// cut in front of every run of marks with the same result, and words can be looked up.
bool has_mark_inside(std::string_view piece);

// One component, no Sequence. invalid_argument names a type that is not supported.
Result<void> read_normalizer_step(const Value& component, std::vector<NormalizerStep>& steps);
Result<void> read_pre_tokenizer_step(const Value& component, std::vector<PreTokenizerStep>& steps);

// How a byte-level vocabulary with the name tokenizer.ggml.pre is used.
struct NamedPreTokenizer {
  std::vector<std::string_view> patterns;  // applied one after the other, each isolating its matches
  bool whole_pieces_first = false;
  bool adds_bos = false;
  bool composes = false;  // NFC
};
// nullptr for a name that is not known.
const NamedPreTokenizer* find_named_pre_tokenizer(std::string_view name);

Result<SplitStep> make_split(std::string_view pattern);

}  // namespace shoal
