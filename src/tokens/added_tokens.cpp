#include "tokens/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/check.h"
#include "base/utf8.h"
#include "tokens/unicode.h"

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

// Where the white space before `at` begins, but not before `least`.
int64_t white_space_begin(std::string_view text, int64_t at, int64_t least) {
  while (at > least) {
    const int64_t before = character_before(text, at);
    if (before < least || !is_white_space(decode_utf8(text, before).value)) break;
    at = before;
  }
  return at;
}

int64_t white_space_end(std::string_view text, int64_t at) {
  while (at < static_cast<int64_t>(text.size())) {
    const CodePoint c = decode_utf8(text, at);
    if (!is_white_space(c.value)) break;
    at += c.length;
  }
  return at;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    CHECK(!content.empty() && static_cast<int64_t>(content.size()) <= maximum_content_bytes);
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

const AddedToken* AddedTokenMatcher::find_longest(std::string_view text, int64_t at,
                                                  int64_t first_literal) const {
  const AddedToken* longest = nullptr;
  int32_t node = 0;
  for (auto end = at; end < static_cast<int64_t>(text.size());) {
    node = child(node, text[static_cast<size_t>(end)]);
    if (node < 0) break;
    ++end;
    if (nodes_[node].token < 0) continue;
    const AddedToken& token = tokens_[static_cast<size_t>(nodes_[node].token)];
    if (!token.markup || end <= first_literal) longest = &token;
  }
  return longest;
}

void AddedTokenMatcher::find_all(std::string_view text, std::span<const TextRange> literal,
                                 std::vector<Match>& matches) const {
  matches.clear();
  if (tokens_.empty()) return;
  const auto size = static_cast<int64_t>(text.size());
  size_t range = 0;  // the first literal range that ends after `at`
  int64_t taken = 0;
  int64_t space_end = 0;
  for (int64_t at = 0; at < size; ++at) {
    if (!starts_[static_cast<unsigned char>(text[static_cast<size_t>(at)])]) continue;
    while (range < literal.size() && literal[range].end <= at) ++range;
    const AddedToken* token = find_longest(text, at, range < literal.size() ? literal[range].begin : size);
    if (token == nullptr) continue;
    TextRange found{at, at + static_cast<int64_t>(token->content.size())};
    // The search continues after the content, whatever becomes of the token and the white space it takes.
    at = found.end - 1;
    if (token->single_word && !(word_starts_at(text, found.begin) && word_ends_at(text, found.end))) continue;
    if (token->strips_left) found.begin = std::max(white_space_begin(text, found.begin, taken), taken);
    if (token->strips_right) {
      // Tokens in one stretch of white space all reach to its end, which is looked for only once.
      if (found.end >= space_end) space_end = white_space_end(text, found.end);
      found.end = space_end;
    }
    if (found.begin < found.end) matches.push_back({found, token->id});
    taken = found.end;
  }
}

}  // namespace shoal
