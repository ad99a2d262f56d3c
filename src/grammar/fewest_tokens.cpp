#include "grammar/fewest_tokens.h"

#include <algorithm>

namespace shoal {

size_t FewestTokens::ItemHash::operator()(const Item& item) const {
  size_t hash = 14695981039346656037ull;
  for (const int32_t value : {item.terminal, item.at.state, item.at.count, item.continuation})
    hash = (hash ^ static_cast<uint32_t>(value)) * 1099511628211ull;
  return hash ^ (hash >> 29);
}

void FewestTokens::clear() {
  known_.clear();
  by_state_.clear();
}

int64_t FewestTokens::of(int32_t state) {
  const auto index = static_cast<size_t>(state);
  if (index >= by_state_.size()) by_state_.resize(2 * index + 64, -1);
  if (by_state_[index] >= 0) return by_state_[index];
  int64_t fewest = never;
  for (const Item& item : states_.items(state)) {
    if (item.terminal < 0) {
      fewest = 0;
      break;
    }
    const bool may_end = states_.bytes_to_end(item) == states_.bytes_behind(item);
    fewest = std::min(fewest, may_end ? behind(item) : of(item));
  }
  by_state_[index] = fewest;
  return fewest;
}

int64_t FewestTokens::behind(const Item& item) { return of(states_.shortest_behind(item.continuation)); }

int64_t FewestTokens::of(const Item& item) {
  if (item == GrammarStates::end_item) return 0;
  if (item == GrammarStates::nowhere) return never;
  const int64_t bytes = states_.bytes_to_end(item);
  if (bytes > maximum_bytes) return std::min(bytes, never);
  if (const auto found = known_.find(item); found != known_.end()) return found->second;
  find(item);
  return known_.at(item);
}

// Walks on to an item whose count is known, then computes the counts backwards.
void FewestTokens::find(const Item& first) {
  way_.assign(1, {.byte = 0, .item = first});
  while (way_.back().item.terminal >= 0 && !known_.contains(way_.back().item)) extend(way_.size() + 1);
  for (size_t at = way_.size(); at-- > 0;) {
    const Item item = way_[at].item;
    if (item.terminal >= 0 && !known_.contains(item)) known_.emplace(item, cheapest_at(at));
  }
}

// The fewest tokens from `at`: one token, and the known count after it.
int64_t FewestTokens::cheapest_at(size_t at) {
  int64_t fewest = never;
  int32_t node = TokenTrie::root;
  for (size_t next = at + 1; extend(next + 1); ++next) {
    node = trie_.child(node, way_[next].byte);
    if (node == TokenTrie::no_node) break;
    if (trie_.nodes()[static_cast<size_t>(node)].token >= 0)
      fewest = std::min(fewest, 1 + of(way_[next].item));
  }
  return std::min(fewest, never);
}

// Makes the way `size` steps long, unless it ends before.
bool FewestTokens::extend(size_t size) {
  while (way_.size() < size) {
    const Item item = way_.back().item;
    if (item.terminal < 0) return false;
    way_.push_back(states_.shortest_onward(item, trie_.bytes_by_run()));
  }
  return true;
}

}  // namespace shoal
