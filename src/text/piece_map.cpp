#include "text/piece_map.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/check.h"

namespace shoal {
namespace {

uint32_t hash_of(std::string_view piece) {
  const size_t hash = std::hash<std::string_view>{}(piece);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

}  // namespace

void PieceMap::reserve(int64_t count, int64_t bytes) {
  arena_.reserve(static_cast<size_t>(bytes));
  entries_.reserve(static_cast<size_t>(count));
  grow(2 * count);
}

void PieceMap::grow(int64_t slots) {
  const size_t size = std::bit_ceil(static_cast<size_t>(std::max<int64_t>(slots, 16)));
  if (size <= slots_.size()) return;
  slots_.assign(size, -1);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & (size - 1);
    while (slots_[slot] >= 0) slot = (slot + 1) & (size - 1);
    slots_[slot] = static_cast<int32_t>(i);
  }
}

size_t PieceMap::slot_of(std::string_view piece, uint32_t hash) const {
  size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] >= 0) {
    const Entry& entry = entries_[static_cast<size_t>(slots_[slot])];
    if (entry.hash == hash && std::string_view(arena_).substr(entry.begin, entry.length) == piece) break;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

bool PieceMap::insert(std::string_view piece, TokenId id) {
  CHECK(arena_.size() + piece.size() < UINT32_MAX);
  if (2 * (entries_.size() + 1) > slots_.size()) grow(4 * (size() + 1));
  const uint32_t hash = hash_of(piece);
  const size_t slot = slot_of(piece, hash);
  if (slots_[slot] >= 0) return false;
  slots_[slot] = static_cast<int32_t>(entries_.size());
  entries_.push_back({hash, static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(piece.size()), id});
  arena_ += piece;
  longest_ = std::max(longest_, static_cast<int64_t>(piece.size()));
  return true;
}

TokenId PieceMap::find(std::string_view piece) const {
  if (slots_.empty() || static_cast<int64_t>(piece.size()) > longest_) return -1;
  const int32_t entry = slots_[slot_of(piece, hash_of(piece))];
  return entry < 0 ? -1 : entries_[static_cast<size_t>(entry)].id;
}

}  // namespace shoal
