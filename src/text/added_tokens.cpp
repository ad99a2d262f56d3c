#include "text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/check.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace shoal {
namespace {

bool word_ends_at(std::string_view text, int64_t at) {
  if (at >= static_cast<int64_t>(text.size())) return true;
  return !is_word_character(decode_utf8(text, at).value);
}

int64_t character_before(std::string_view text, int64_t at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[static_cast<size_t>(at)]) & 0xC0) == 0x80);
  return at;
}

bool word_starts_at(std::string_view text, int64_t at) {
  return at == 0 || !is_word_character(decode_utf8(text, character_before(text, at)).value);
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    CHECK(!content.empty() && static_cast<int64_t>(content.size()) <= kMaximumContentBytes);
    starts_[static_cast<unsigned char>(content.front())] = true;
    int32_t node = 0;
    for (const char byte : content) {
      int32_t next = child(node, byte);
      if (next < 0) {
        next = static_cast<int32_t>(nodes_.size());
        auto& children = nodes_[node].next;
        children.insert(std::ranges::upper_bound(children, byte, {}, &std::pair<char, int32_t>::first),
                        {byte, next});
        nodes_.emplace_back();
      }
      node = next;
    }
    if (nodes_[node].token < 0) nodes_[node].token = static_cast<int32_t>(i);
  }
}

bool AddedTokenMatcher::takes_white_space() const {
  return std::ranges::any_of(tokens_,
                             [](const AddedToken& token) { return token.strips_left || token.strips_right; });
}

int32_t AddedTokenMatcher::child(int32_t node, char byte) const {
  const auto& children = nodes_[node].next;
  const auto found = std::ranges::lower_bound(children, byte, {}, &std::pair<char, int32_t>::first);
  return found == children.end() || found->first != byte ? -1 : found->second;
}

void AddedTokenMatcher::find_all(std::string_view text, std::span<const TextRange> literal,
                                 std::vector<Match>& matches) const {
  matches.clear();
  if (tokens_.empty()) return;
  const auto size = static_cast<int64_t>(text.size());
  size_t range = 0;  // the first literal range that ends behind `at`
  int64_t taken = 0;
  for (int64_t at = 0; at < size; ++at) {
    if (!starts_[static_cast<unsigned char>(text[static_cast<size_t>(at)])]) continue;
    while (range < literal.size() && literal[range].end <= at) ++range;
    const int64_t first_literal = range < literal.size() ? literal[range].begin : size;
    const AddedToken* best = nullptr;
    int32_t node = 0;
    for (int64_t end = at; end < size;) {
      node = child(node, text[static_cast<size_t>(end)]);
      if (node < 0) break;
      ++end;
      if (nodes_[node].token < 0) continue;
      const AddedToken& token = tokens_[static_cast<size_t>(nodes_[node].token)];
      if (token.markup && end > first_literal) continue;
      if (token.single_word && !(word_starts_at(text, at) && word_ends_at(text, end))) continue;
      best = &token;
    }
    if (best == nullptr) continue;
    TextRange found{at, at + static_cast<int64_t>(best->content.size())};
    while (best->strips_left && found.begin > taken) {
      const int64_t before = character_before(text, found.begin);
      if (before < taken || !is_white_space(decode_utf8(text, before).value)) break;
      found.begin = before;
    }
    while (best->strips_right && found.end < size) {
      const CodePoint after = decode_utf8(text, found.end);
      if (!is_white_space(after.value)) break;
      found.end += after.length;
    }
    matches.push_back({found, best->id});
    taken = found.end;
    at = found.end - 1;
  }
}

}  // namespace shoal
