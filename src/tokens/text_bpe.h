// BPE that joins two neighbours when their joined text is a token, by that token's rank. Used for tiktoken's
// files (rank = id) and SentencePiece's (rank by score).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "tokens/piece_map.h"
#include "tokens/token_model.h"

namespace shoal {

class TextBpe final : public TokenModel {
 public:
  struct Settings {
    PieceMap pieces;
    std::vector<int32_t> ranks;  // by id; no_merge for a token that joining never makes
    bool bytes_are_symbols;      // else the first symbols are characters
    bool whole_pieces_first = false;
    std::optional<std::array<TokenId, 256>> byte_fallback;
    std::optional<TokenId> unknown;  // neighbouring unknown characters become one
  };
  explicit TextBpe(Settings settings) : settings_(std::move(settings)) {}

  void encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const override;
  bool loses_text() const override;

 private:
  void put_unknown(std::string_view text, bool behind_unknown, std::vector<TokenId>& ids) const;

  Settings settings_;
};

}  // namespace shoal
