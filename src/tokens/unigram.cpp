#include "tokens/unigram.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/utf8.h"

namespace shoal {

void PieceTrie::reserve(int64_t count, int64_t bytes) {
  ids_.reserve(static_cast<size_t>(bytes / 2));
  grow(std::bit_ceil(static_cast<size_t>(std::max<int64_t>({count, bytes, 16}))));
}

void PieceTrie::grow(size_t slots) {
  if (slots <= edges_.size()) return;
  const std::vector<Edge> old = std::exchange(edges_, std::vector<Edge>(slots));
  for (const Edge& edge : old) {
    if (edge.key != free_key) edges_[slot_of(edge.key)] = edge;
  }
}

size_t PieceTrie::slot_of(uint64_t key) const {
  const int shift = 64 - std::countr_zero(edges_.size());
  size_t slot = (key * 0x9E3779B97F4A7C15u) >> shift;
  while (edges_[slot].key != key && edges_[slot].key != free_key) slot = (slot + 1) & (edges_.size() - 1);
  return slot;
}

void PieceTrie::insert(std::string_view piece, TokenId id) {
  int32_t node = root;
  for (const char byte : piece) {
    if (2 * (used_ + 1) > edges_.size()) grow(std::max<size_t>(2 * edges_.size(), 1024));
    const uint64_t key = key_of(node, byte);
    Edge& edge = edges_[slot_of(key)];
    if (edge.key == free_key) {
      edge = {key, static_cast<int32_t>(ids_.size())};
      ids_.push_back(-1);
      ++used_;
    }
    node = edge.child;
  }
  TokenId& known = ids_[static_cast<size_t>(node)];
  if (known < 0) known = id;
}

int32_t PieceTrie::child(int32_t node, char byte) const {
  return edges_.empty() ? -1 : edges_[slot_of(key_of(node, byte))].child;
}

template <class Number>
void Unigram::find_best_path(std::string_view piece, std::vector<UnigramStep>& steps) const {
  steps.assign(piece.size() + 1, {});
  const auto unknown_score = static_cast<Number>(settings_.unknown_score);
  for (size_t begin = 0, next = 0; begin < piece.size(); begin = next) {
    next = begin + static_cast<size_t>(utf8_length(piece[begin]));
    const auto score_here = static_cast<Number>(steps[begin].score);
    const auto offer = [&](size_t end, TokenId id, Number score) {
      UnigramStep& step = steps[end];
      const Number sum = score + score_here;
      if (step.begin >= 0 && sum <= static_cast<Number>(step.score)) return;
      step = {static_cast<double>(sum), static_cast<int32_t>(begin), id};
    };
    bool has_character = false;
    int32_t node = PieceTrie::root;
    for (size_t end = begin; end < piece.size();) {
      node = settings_.pieces.child(node, piece[end]);
      if (node < 0) break;
      ++end;
      const TokenId id = settings_.pieces.id_at(node);
      if (id < 0) continue;
      offer(end, id, static_cast<Number>(settings_.scores[static_cast<size_t>(id)]));
      has_character = has_character || end == next;
    }
    if (!has_character) offer(next, -1, unknown_score);
  }
}

void Unigram::encode(std::string_view piece, TokenModelScratch& scratch, std::vector<TokenId>& ids) const {
  if (piece.empty()) return;
  std::vector<UnigramStep>& steps = scratch.steps;
  if (settings_.precision == Precision::single) {
    find_best_path<float>(piece, steps);
  } else {
    find_best_path<double>(piece, steps);
  }
  const auto first = static_cast<std::ptrdiff_t>(ids.size());
  bool behind_unknown = false;
  for (auto end = static_cast<int32_t>(piece.size()); end > 0;) {
    const UnigramStep& step = steps[static_cast<size_t>(end)];
    const bool unknown = step.id < 0 || step.id == settings_.unknown;
    if (!unknown) {
      ids.push_back(step.id);
    } else if (settings_.byte_fallback) {
      for (int32_t i = end; i-- > step.begin;) {
        ids.push_back((*settings_.byte_fallback)[static_cast<unsigned char>(piece[static_cast<size_t>(i)])]);
      }
    } else if (settings_.unknown && !behind_unknown) {
      ids.push_back(*settings_.unknown);
    }
    behind_unknown = unknown;
    end = step.begin;
  }
  std::reverse(ids.begin() + first, ids.end());
}

}  // namespace shoal
