#include "grammar/grammar_matcher.h"

#include <algorithm>
#include <utility>

namespace shoal {

GrammarMatcher::GrammarMatcher(std::shared_ptr<const TokenGrammar> grammar, FirstSpace first)
    : grammar_(std::move(grammar)),
      states_(grammar_->grammar, grammar_->ends),
      fewest_(states_, grammar_->vocabulary->trie()),
      state_(states_.start()),
      drops_space_(first == FirstSpace::dropped),
      path_(static_cast<size_t>(grammar_->vocabulary->trie().longest()) + 1),
      limited_mask_(0) {}

bool GrammarMatcher::accept(TokenId token) {
  const Tokenizer& tokenizer = grammar_->vocabulary->tokenizer();
  const std::string bytes = grammar_text(tokenizer, token);
  return !bytes.empty() && accept(bytes);
}

bool GrammarMatcher::accept(std::string_view bytes) {
  const bool was_first = std::exchange(drops_space_, false);
  std::string_view text = bytes;
  if (was_first && text.starts_with(' ')) text.remove_prefix(1);
  int32_t state = state_;
  for (const char byte : text) {
    state = states_.step(state, static_cast<uint8_t>(byte));
    if (state != GrammarStates::dead_state) continue;
    drops_space_ = was_first;
    return false;
  }
  state_ = state;
  tidy();
  return true;
}

void GrammarMatcher::tidy() {
  if (states_.size() <= maximum_states) return;
  state_ = states_.keep_only(state_);
  fewest_.clear();
  masks_.clear();
}

const TokenMask& GrammarMatcher::mask(int64_t tokens_left) {
  const KeptMask& any = unlimited_mask();
  const bool is_enough = tokens_left > any.most_to_end;
  if (is_enough || fewest_.of(state_) > tokens_left) return any.mask;
  limit_ = tokens_left - 1;
  limited_mask_ = make_mask();
  limit_ = unlimited;
  // The mask is empty if the vocabulary lacks a byte that the end needs.
  return limited_mask_.count() > 0 ? limited_mask_ : any.mask;
}

const GrammarMatcher::KeptMask& GrammarMatcher::unlimited_mask() {
  if (const auto found = masks_.find(state_); found != masks_.end() && !drops_space_) return found->second;
  tidy();
  if (masks_.size() >= maximum_masks) masks_.clear();
  TokenMask made = make_mask();
  return masks_
      .insert_or_assign(drops_space_ ? -1 : state_,
                        KeptMask{.mask = std::move(made), .most_to_end = most_to_end_})
      .first->second;
}

TokenMask GrammarMatcher::make_mask() {
  const GrammarVocabulary& vocabulary = *grammar_->vocabulary;
  const TokenTrie& trie = vocabulary.trie();
  TokenMask mask(vocabulary.size());
  reached_.assign(states_.size(), 0);
  reached_count_ = reached_items_ = most_to_end_ = 0;
  if (drops_space_) {
    most_to_end_ = states_.bytes_to_end(state_);
    const bool fits = has_room_behind(state_);
    for (int32_t i = 0; i < trie.size(); i = trie.nodes()[static_cast<size_t>(i)].end) {
      const TokenTrie::Node& node = trie.nodes()[static_cast<size_t>(i)];
      if (node.byte == ' ' && fits) {
        trie.for_each_token(node, [&](TokenId token) { mask.allow(token); });
      }
      walk(node.byte == ' ' ? i + 1 : i, node.end, state_, mask);
    }
  } else if (!add_terminals(mask)) {
    walk(0, trie.size(), state_, mask);
  }
  if (can_end()) {
    for (const TokenId token : vocabulary.end_tokens()) mask.allow(token);
  }
  return mask;
}

// A string's inside allows most tokens and may end inside few: the allowed ones are kept, and the few are
// walked. If most tokens lead out of their terminal, keeping gains nothing.
bool GrammarMatcher::add_terminals(TokenMask& mask) {
  struct Part {
    std::shared_ptr<const TerminalTokens> tokens;
    int32_t behind;
  };
  std::vector<Part> parts;
  int64_t nodes_behind = 0, most_within = 0;
  bool has_many = false;
  for (const GrammarStates::Item& item : states_.items(state_)) {
    if (item.terminal < 0) continue;
    const int64_t within = states_.most_within(item);
    const bool has_room = limit_ == unlimited || within + fewest_.behind(item) <= limit_;
    if (!has_room) return false;
    most_within = std::max(most_within, within + states_.bytes_behind(item));
    Part part{grammar_->terminal_masks[static_cast<size_t>(item.terminal)]->find(item.at),
              GrammarStates::dead_state};
    has_many = has_many || part.tokens->masked != nullptr;
    if (!part.tokens->exits.empty()) part.behind = states_.state_behind(item.continuation);
    if (part.behind != GrammarStates::dead_state && !states_.can_go_on(part.behind)) {
      part.behind = GrammarStates::dead_state;  // the text ends there, so no token continues
    }
    if (part.behind != GrammarStates::dead_state) nodes_behind += part.tokens->nodes_behind;
    parts.push_back(std::move(part));
  }
  if (!has_many || nodes_behind > few_nodes) return false;
  most_to_end_ = most_within;
  const std::vector<TokenTrie::Node>& nodes = grammar_->vocabulary->trie().nodes();
  for (const auto& [tokens, behind] : parts) {
    if (tokens->masked != nullptr) mask.allow(*tokens->masked);
    for (const TokenId token : tokens->listed) mask.allow(token);
    if (behind == GrammarStates::dead_state) continue;
    for (const int32_t exit : tokens->exits)
      walk(exit + 1, nodes[static_cast<size_t>(exit)].end, behind, mask);
  }
  return true;
}

void GrammarMatcher::walk(int32_t first, int32_t end, int32_t state, TokenMask& mask) {
  if (first == end) return;
  const TokenTrie& trie = grammar_->vocabulary->trie();
  const TokenTrie::Node* const nodes = trie.nodes().data();
  const int32_t above = nodes[first].depth - 1;
  path_[0] = state;
  for (int32_t i = first; i < end;) {
    const TokenTrie::Node& node = nodes[i];
    const auto depth = static_cast<size_t>(node.depth - above);
    const int32_t next = states_.step(path_[depth - 1], node.byte);
    if (next == GrammarStates::dead_state || !may_reach(next)) {
      i = node.end;
      continue;
    }
    path_[depth] = next;
    if (has_room_behind(next)) {
      trie.for_each_token(node, [&](TokenId token) { mask.allow(token); });
    }
    ++i;
  }
}

bool GrammarMatcher::has_room_behind(int32_t state) {
  return limit_ == unlimited || fewest_.of(state) <= limit_;
}

bool GrammarMatcher::may_reach(int32_t state) {
  const auto index = static_cast<size_t>(state);
  if (index >= reached_.size()) reached_.resize(2 * index + 64, 0);
  if (reached_[index] != 0) return true;
  if (reached_count_ >= maximum_reached || reached_items_ >= maximum_reached_items) return false;
  reached_[index] = 1;
  most_to_end_ = std::max(most_to_end_, states_.bytes_to_end(state));
  ++reached_count_;
  reached_items_ += std::ssize(states_.items(state));
  return true;
}

}  // namespace shoal
