// SentencePiece's vocabularies, from tokenizer.model or from GGUF's "llama" and "t5": pieces with scores and
// kinds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokens/composed_tokenizer.h"

namespace shoal {

// As both files number them.
enum class PieceKind : uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

enum class PieceModel : uint8_t { bpe, unigram };

struct SentencePieceVocabulary {
  PieceModel model = PieceModel::bpe;
  std::vector<std::string_view> pieces;  // by id; spaces written as ▁
  std::vector<double> scores;            // as many
  std::vector<PieceKind> kinds;          // as many
  bool adds_prefix;                      // a space in front of every text
  bool collapses_spaces;
  std::string_view character_map = {};  // empty: characters stay as they are
};

// Fills in all but the added tokens and the special ids.
Result<void> build_sentence_piece(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts);

// The control, unknown and user-defined pieces, as tokens that are sought in a text.
void add_marked_pieces(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts);

}  // namespace shoal
