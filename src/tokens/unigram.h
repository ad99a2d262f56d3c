// The unigram model: cuts a piece into the tokens with the highest sum of scores.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokens/token_model.h"

namespace shoal {

// Byte strings → ids, walked byte by byte.
class PieceTrie {
 public:
  static constexpr int32_t root = 0;

  void reserve(int64_t count, int64_t bytes);
  // A piece that is there already keeps its id.
  void insert(std::string_view piece, TokenId id);

  // -1 when no piece continues so.
  int32_t child(int32_t node, char byte) const;
  // -1 when no piece ends there.
  TokenId id_at(int32_t node) const { return ids_[static_cast<size_t>(node)]; }

 private:
  struct Edge {
    uint64_t key = free_key;  // node and byte
    int32_t child = -1;
  };
  static constexpr uint64_t free_key = ~uint64_t{0};
  static uint64_t key_of(int32_t node, char byte) {
    return static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
  }
  size_t slot_of(uint64_t key) const;
  void grow(size_t slots);

  std::vector<Edge> edges_;  // an open hash table; a power of two, at most half full
  size_t used_ = 0;
  std::vector<TokenId> ids_ = {-1};  // by node
};

class Unigram final : public TokenModel {
 public:
  // The type in which the makers' library adds scores: SentencePiece in float, Hugging Face's in double.
  enum class Precision : uint8_t { single, twofold };
  struct Settings {
    PieceTrie pieces;
    std::vector<double> scores;  // by id
    double unknown_score;        // score of a character that is no token
    Precision precision;
    std::optional<std::array<TokenId, 256>> byte_fallback;  // for unknown characters
    std::optional<TokenId> unknown;  // neighbouring unknown characters become one; nullopt: they are lost
  };
  // An unknown character's score is the lowest score less this.
  static constexpr double unknown_penalty = 10.0;

  explicit Unigram(Settings settings) : settings_(std::move(settings)) {}

  void encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const override;
  bool loses_text() const override { return !settings_.byte_fallback.has_value(); }

 private:
  template <class Number>
  void find_best_path(std::string_view piece, std::vector<UnigramStep>& steps) const;

  Settings settings_;
};

}  // namespace shoal
