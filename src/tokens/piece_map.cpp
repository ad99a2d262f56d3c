#include "tokens/piece_map.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "base/check.h"

namespace shoal {
uint32_t PieceMap::hash_of(std::string_view piece) {
  const size_t hash = std::hash<std::string_view>{}(piece);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

void PieceMap::reserve(int64_t count, int64_t bytes) {
  arena_.reserve(static_cast<size_t>(bytes));
  entries_.reserve(static_cast<size_t>(count));
  grow(2 * count);
}

void PieceMap::grow(int64_t slots) {
  const size_t size = std::bit_ceil(static_cast<size_t>(std::max<int64_t>(slots, 16)));
  if (size <= slots_.size()) return;
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(size, Slot{0, -1}));
  for (const Slot& slot : old) {
    if (slot.entry < 0) continue;
    size_t free = slot.hash & (size - 1);
    while (slots_[free].entry >= 0) free = (free + 1) & (size - 1);
    slots_[free] = slot;
  }
}

bool PieceMap::holds(size_t entry, std::string_view piece) const {
  const Entry& candidate = entries_[entry];
  return std::string_view(arena_.data() + candidate.begin, candidate.length) == piece;
}

size_t PieceMap::slot_of(std::string_view piece, uint32_t hash) const {
  size_t slot = hash & (slots_.size() - 1);
  for (; slots_[slot].entry >= 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].hash != hash) continue;
    if (holds(static_cast<size_t>(slots_[slot].entry), piece)) break;
  }
  return slot;
}

bool PieceMap::insert(std::string_view piece, TokenId id) {
  CHECK(arena_.size() + piece.size() < UINT32_MAX);
  if (2 * (entries_.size() + 1) > slots_.size()) grow(4 * (size() + 1));
  const uint32_t hash = hash_of(piece);
  const size_t slot = slot_of(piece, hash);
  if (slots_[slot].entry >= 0) return false;
  slots_[slot] = {hash, static_cast<int32_t>(entries_.size())};
  entries_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(piece.size()), id});
  arena_ += piece;
  longest_ = std::max(longest_, static_cast<int64_t>(piece.size()));
  return true;
}

TokenId PieceMap::find(std::string_view piece, uint32_t hash) const {
  if (slots_.empty() || static_cast<int64_t>(piece.size()) > longest_) return -1;
  const int32_t entry = slots_[slot_of(piece, hash)].entry;
  return entry < 0 ? -1 : entries_[static_cast<size_t>(entry)].id;
}

TokenId PieceMap::find_in_order(std::string_view piece, size_t& entry) const {
  if (entry + 1 < entries_.size() && holds(entry + 1, piece)) return entries_[++entry].id;
  if (slots_.empty()) return -1;
  const int32_t found = slots_[slot_of(piece, hash_of(piece))].entry;
  if (found < 0) return -1;
  entry = static_cast<size_t>(found);
  return entries_[entry].id;
}

}  // namespace shoal
