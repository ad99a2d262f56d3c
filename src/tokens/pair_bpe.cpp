#include "tokens/pair_bpe.h"

#include <algorithm>
#include <bit>

#include "base/utf8.h"

namespace shoal {

void MergeTable::reserve(int64_t count) {
  const size_t size = std::bit_ceil(static_cast<size_t>(std::max<int64_t>(2 * count, 16)));
  if (size <= slots_.size()) return;
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(size, Slot{free_key, {no_merge, -1}}));
  shift_ = 64 - std::countr_zero(size);
  for (const Slot& slot : old) {
    if (slot.key != free_key) slots_[slot_of(slot.key)] = slot;
  }
}

size_t MergeTable::slot_of(uint64_t key) const {
  size_t slot = first_slot_of(key);
  while (slots_[slot].key != key && slots_[slot].key != free_key) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void MergeTable::insert(TokenId left, TokenId right, BpeMerge merge, bool replace) {
  if (2 * (used_ + 1) > slots_.size()) reserve(static_cast<int64_t>(slots_.size() + 1));
  Slot& slot = slots_[slot_of(key_of(left, right))];
  if (slot.key != free_key && !replace) return;
  if (slot.key == free_key) ++used_;
  slot = {key_of(left, right), merge};
}

BpeMerge MergeTable::find(TokenId left, TokenId right) const {
  if (left < 0 || right < 0 || slots_.empty()) return {no_merge, -1};
  const Slot& slot = slots_[slot_of(key_of(left, right))];
  return slot.key == free_key ? BpeMerge{no_merge, -1} : slot.merge;
}

bool MergeReader::add(std::string_view bytes, size_t middle) {
  Pending& merge = pending_[used_++];
  merge.bytes = bytes;
  merge.middle = middle;
  merge.left_hash = PieceMap::hash_of(bytes.substr(0, middle));
  merge.right_hash = PieceMap::hash_of(bytes.substr(middle));
  pieces_.prefetch(merge.left_hash);
  pieces_.prefetch(merge.right_hash);
  return used_ < together || finish();
}

bool MergeReader::finish() {
  for (size_t i = 0; i < used_; ++i) {
    Pending& merge = pending_[i];
    const std::string_view bytes = merge.bytes;
    merge.left = pieces_.find(bytes.substr(0, merge.middle), merge.left_hash);
    merge.right = pieces_.find(bytes.substr(merge.middle), merge.right_hash);
    merge.joined = pieces_.find_in_order(bytes, last_joined_);
    merges_.prefetch(merge.left, merge.right);
  }
  for (size_t i = 0; i < used_; ++i) {
    const Pending& merge = pending_[i];
    if (merge.left < 0 || merge.right < 0 || merge.joined < 0) return false;
    merges_.insert(merge.left, merge.right, {count_, merge.joined}, replace_);
    ++count_;
  }
  used_ = 0;
  return true;
}

PairBpe::PairBpe(Settings settings) : settings_(std::move(settings)) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_tokens_[static_cast<size_t>(byte)] = settings_.pieces.find({&c, 1});
  }
}

void PairBpe::encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const {
  if (piece.empty()) return;
  if (settings_.whole_pieces_first) {
    if (const TokenId id = settings_.pieces.find(piece); id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  scratch.symbols.clear();
  if (settings_.bytes_are_symbols) {
    split_bytes(piece, scratch.symbols);
  } else {
    split_characters(piece, scratch.symbols);
  }
  scratch.merger.merge(scratch.symbols, [this](const BpeSymbol& left, const BpeSymbol& right) {
    return settings_.merges.find(left.id, right.id);
  });
  for (const BpeSymbol& symbol : scratch.symbols) ids.push_back(symbol.id);
}

bool PairBpe::loses_text() const {
  if (!settings_.bytes_are_symbols) return !settings_.byte_fallback.has_value();
  return std::ranges::any_of(byte_tokens_, [](TokenId id) { return id < 0; });
}

void PairBpe::split_bytes(std::string_view piece, std::vector<BpeSymbol>& symbols) const {
  const auto size = static_cast<int32_t>(piece.size());
  for (int32_t at = 0; at < size; ++at) {
    TokenId id = byte_tokens_[static_cast<unsigned char>(piece[static_cast<size_t>(at)])];
    if (id < 0) {
      // Without an unknown token, a byte that is no token is lost, as in Hugging Face's library.
      if (!settings_.unknown) continue;
      if (settings_.fuse_unknown && !symbols.empty() && symbols.back().id == *settings_.unknown) {
        symbols.back().end = at + 1;
        continue;
      }
      id = *settings_.unknown;
    }
    symbols.push_back({at, at + 1, id});
  }
}

void PairBpe::split_characters(std::string_view piece, std::vector<BpeSymbol>& symbols) const {
  const auto size = static_cast<int32_t>(piece.size());
  bool after_unknown = false;
  for (int32_t at = 0, end = 0; at < size; at = end) {
    end = at + utf8_length(piece[static_cast<size_t>(at)]);
    const std::string_view character = piece.substr(static_cast<size_t>(at), static_cast<size_t>(end - at));
    if (const TokenId id = settings_.pieces.find(character); id >= 0) {
      symbols.push_back({at, end, id});
      after_unknown = false;
    } else if (settings_.byte_fallback) {
      for (int32_t i = at; i < end; ++i) {
        const auto byte = static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
        symbols.push_back({i, i + 1, (*settings_.byte_fallback)[byte]});
      }
      after_unknown = false;
    } else if (settings_.unknown) {
      if (after_unknown && settings_.fuse_unknown) {
        symbols.back().end = end;
      } else {
        symbols.push_back({at, end, *settings_.unknown});
      }
      after_unknown = true;
    }
  }
}

}  // namespace shoal
