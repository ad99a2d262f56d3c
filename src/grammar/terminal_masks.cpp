#include "grammar/terminal_masks.h"

#include <algorithm>
#include <utility>

namespace shoal {

TerminalMasks::TerminalMasks(Terminal terminal, const TokenTrie& trie, int64_t vocabulary_size)
    : terminal_(std::move(terminal)), trie_(trie), vocabulary_size_(vocabulary_size) {}

std::shared_ptr<const TerminalTokens> TerminalMasks::find(TerminalState state) {
  const Key key = key_of(state);
  {
    MutexLock lock(mutex_);
    const auto found = kept_.find(key);
    if (found != kept_.end()) return found->second;
  }
  std::shared_ptr<const TerminalTokens> made = make(state);
  MutexLock lock(mutex_);
  if (kept_.size() >= maximum_kept) kept_.clear();
  kept_.emplace(key, made);
  return made;
}

TerminalMasks::Key TerminalMasks::key_of(TerminalState state) const {
  if (terminal_.counted_state == Terminal::not_counted) return {state.state, 0, 0};
  // One more than any token can pass through, the pass that an opening quote makes included.
  const int64_t reach = trie_.longest() + 2;
  const int64_t wanted = std::clamp<int64_t>(terminal_.least - state.count, 0, reach);
  const int64_t room = terminal_.most == Expression::unlimited
                           ? reach
                           : std::clamp<int64_t>(terminal_.most - state.count, 0, reach);
  return {state.state, wanted, room};
}

std::shared_ptr<const TerminalTokens> TerminalMasks::make(TerminalState state) const {
  auto tokens = std::make_shared<TerminalTokens>();
  const std::vector<TokenTrie::Node>& nodes = trie_.nodes();
  std::vector<TerminalState> path(static_cast<size_t>(trie_.longest()) + 1);
  path[0] = state;
  const auto allow = [&](TokenId token) {
    if (tokens->masked == nullptr && tokens->listed.size() < TerminalTokens::maximum_listed) {
      tokens->listed.push_back(token);
      return;
    }
    if (tokens->masked == nullptr) {
      tokens->masked = std::make_unique<TokenMask>(vocabulary_size_);
      for (const TokenId listed : std::exchange(tokens->listed, {})) tokens->masked->allow(listed);
    }
    tokens->masked->allow(token);
  };
  for (int32_t i = 0; i < trie_.size();) {
    const TokenTrie::Node& node = nodes[static_cast<size_t>(i)];
    const auto depth = static_cast<size_t>(node.depth);
    const TerminalState next = advance(terminal_, path[depth - 1], node.byte);
    if (next.state == Dfa::dead_state) {
      i = node.end;
      continue;
    }
    path[depth] = next;
    trie_.for_each_token(node, allow);
    if (node.end > i + 1 && terminal_.dfa.accepts(next.state)) {
      tokens->exits.push_back(i);
      tokens->nodes_behind += node.end - i - 1;
    }
    ++i;
  }
  return tokens;
}

}  // namespace shoal
