// BPE by a table of merges of two tokens, as in tokenizer.json and GGUF's "gpt2". The first symbols of a
// piece are its bytes or its characters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tokens/piece_map.h"
#include "tokens/token_model.h"

namespace shoal {

// (left, right) → merge, in an open hash table.
class MergeTable {
 public:
  void reserve(int64_t count);
  // When `replace` is false, a pair that is there already keeps its first rank.
  void insert(TokenId left, TokenId right, BpeMerge merge, bool replace);
  BpeMerge find(TokenId left, TokenId right) const;
  void prefetch(TokenId left, TokenId right) const {
    if (!slots_.empty()) __builtin_prefetch(slots_.data() + first_slot_of(key_of(left, right)), 1);
  }

 private:
  struct Slot {
    uint64_t key;
    BpeMerge merge;
  };
  static constexpr uint64_t free_key = ~uint64_t{0};
  static uint64_t key_of(TokenId left, TokenId right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t first_slot_of(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }
  size_t slot_of(uint64_t key) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
  size_t used_ = 0;
  int shift_ = 64;
};

// Fills a table from a file's list of merges. Pieces are looked up several at a time, see PieceMap::prefetch.
class MergeReader {
 public:
  // `replace`: when a pair is listed twice, the later rank counts.
  MergeReader(const PieceMap& pieces, MergeTable& merges, bool replace)
      : pieces_(pieces), merges_(merges), replace_(replace) {}

  // Takes the next merge, whose tokens are `bytes` up to `middle` and from there on. False when a token of
  // this merge or of an earlier one is not among the pieces.
  bool add(std::string_view bytes, size_t middle);
  // As add(), for the merges not looked up yet; called at the end of the list.
  bool finish();
  // The number of the merge for which add() or finish() gave false.
  int32_t wrong_merge() const { return count_; }

 private:
  struct Pending {
    std::string bytes;
    size_t middle;
    uint32_t left_hash;
    uint32_t right_hash;
    TokenId left;
    TokenId right;
    TokenId joined;
  };
  static constexpr size_t together = 16;

  const PieceMap& pieces_;
  MergeTable& merges_;
  const bool replace_;
  std::array<Pending, together> pending_;
  size_t used_ = 0;
  int32_t count_ = 0;       // merges in the table
  size_t last_joined_ = 0;  // most vocabularies are in the order of their merges, so the search starts here
};

class PairBpe final : public TokenModel {
 public:
  struct Settings {
    PieceMap pieces;  // in the bytes that the pre-tokenizer gives
    MergeTable merges;
    bool bytes_are_symbols;           // else the first symbols are characters
    bool whole_pieces_first = false;  // a piece that is a token becomes that token, whatever the merges say
    std::optional<std::array<TokenId, 256>> byte_fallback;  // for characters that are no token
    std::optional<TokenId> unknown;
    bool fuse_unknown = false;  // neighbouring unknown characters become one token
  };
  explicit PairBpe(Settings settings);

  void encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const override;
  bool loses_text() const override;

 private:
  void split_bytes(std::string_view piece, std::vector<BpeSymbol>& symbols) const;
  void split_characters(std::string_view piece, std::vector<BpeSymbol>& symbols) const;

  Settings settings_;
  std::array<TokenId, 256> byte_tokens_;  // the token of each single byte; -1: none
};

}  // namespace shoal
