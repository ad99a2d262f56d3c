// Reads the components of tokenizer.json that change and cut a text, and knows the patterns of GGUF's named
// pre-tokenizers.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/value.h"
#include "tokens/normalizer.h"
#include "tokens/pre_tokenizer.h"

namespace shoal {

// SentencePiece writes a space as "▁".
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

// Whether `piece` has a mark after another character. If merges make no such piece, cutting a text before
// every run of marks changes no token, and words can be looked up in a cache.
bool has_mark_inside(std::string_view piece);

// Reads one component, no Sequence. invalid_argument names a type that is not supported.
Result<void> read_normalizer_step(const Value& component, std::vector<NormalizerStep>& steps);
Result<void> read_pre_tokenizer_step(const Value& component, std::vector<PreTokenizerStep>& steps);

// The settings for a byte-level vocabulary, by the name in tokenizer.ggml.pre.
struct NamedPreTokenizer {
  std::vector<std::string_view> patterns;  // applied one after the other; each isolates its matches
  bool whole_pieces_first = false;
  bool adds_bos = false;
  bool composes = false;  // normalises to NFC
};
// nullptr when the name is not known.
const NamedPreTokenizer* find_named_pre_tokenizer(std::string_view name);

Result<SplitStep> make_split(std::string_view pattern);

}  // namespace shoal
