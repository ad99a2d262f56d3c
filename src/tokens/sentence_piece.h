// Builds a tokenizer from SentencePiece's vocabulary of pieces with scores and kinds, as in tokenizer.model
// and in GGUF's "llama" and "t5".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokens/composed_tokenizer.h"

namespace shoal {

// The numbers are those of both file formats.
enum class PieceKind : uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

enum class PieceModel : uint8_t { bpe, unigram };

struct SentencePieceVocabulary {
  PieceModel model = PieceModel::bpe;
  std::vector<std::string_view> pieces;  // by id; spaces are written as ▁
  std::vector<double> scores;            // by id
  std::vector<PieceKind> kinds;          // by id
  bool adds_prefix;                      // puts a space in front of every text
  bool collapses_spaces;
  std::string_view character_map =
      {};  // the bytes for CharacterMap::parse; empty: characters stay as they are
};

// Fills in all parts but the added tokens and the special ids. corrupt_data for a vocabulary that makes no
// sense.
Result<void> build_sentence_piece(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts);

// Adds the control, unknown and user-defined pieces as tokens that are looked for in a text.
void add_marked_pieces(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts);

}  // namespace shoal
