#include "tokens/composed_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "base/utf8.h"

namespace shoal {
namespace {

// Words repeat within a text, so the ids of a short piece are copied from its first occurrence.
class PieceCache {
 public:
  static constexpr size_t longest_piece = 24;

  // A slot that holds a piece or is free for it.
  struct Slot {
    char text[longest_piece];
    uint32_t length = 0;
    int32_t count = 0;  // number of ids, from `first` on in the output
    int64_t first = 0;

    bool holds(std::string_view piece) const {
      return length == piece.size() && std::memcmp(text, piece.data(), piece.size()) == 0;
    }
  };
  explicit PieceCache(int64_t text_bytes) : slots_(text_bytes < 1024 ? 0 : 4096) {}

  Slot* find(std::string_view piece) {
    if (slots_.empty() || piece.size() < 2 || piece.size() > longest_piece) return nullptr;
    return &slots_[std::hash<std::string_view>{}(piece) & (slots_.size() - 1)];
  }

 private:
  std::vector<Slot> slots_;
};

// The text with U+FFFD in place of invalid bytes; the ranges are moved along.
std::string repair_with_ranges(std::string_view text, std::vector<TextRange>& ranges) {
  std::vector<int64_t*> borders;
  for (TextRange& range : ranges) {
    borders.push_back(&range.begin);
    borders.push_back(&range.end);
  }
  std::string repaired;
  size_t border = 0;
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    while (border < borders.size() && *borders[border] <= at) {
      *borders[border++] = static_cast<int64_t>(repaired.size());
    }
    const CodePoint code_point = decode_utf8(text, at);
    append_utf8(code_point.value, repaired);
    at += code_point.length;
  }
  for (; border < borders.size(); ++border) *borders[border] = static_cast<int64_t>(repaired.size());
  return repaired;
}

// The parts of the ranges that lie within `part`, relative to its begin.
std::vector<TextRange> ranges_within(std::span<const TextRange> ranges, const TextRange& part) {
  std::vector<TextRange> within;
  const auto first =
      std::ranges::partition_point(ranges, [&](const TextRange& r) { return r.end <= part.begin; });
  for (auto range = first; range != ranges.end() && range->begin < part.end; ++range) {
    within.push_back(
        {std::max(range->begin, part.begin) - part.begin, std::min(range->end, part.end) - part.begin});
  }
  return within;
}

constexpr size_t long_text =
    4096;  // bytes; from this length on a lower bound of the tokens is computed first

std::string_view slice(std::string_view text, const TextRange& range) {
  return text.substr(static_cast<size_t>(range.begin), static_cast<size_t>(range.end - range.begin));
}

}  // namespace

struct ComposedTokenizer::Work {
  Work(int64_t text_bytes, int64_t limit) : cache(text_bytes), token_limit(limit) {}

  bool is_limited() const { return token_limit != no_token_limit; }
  // Whether `more` ids exceed the limit. Once they do, it stays so.
  bool exceeds(int64_t more) {
    exceeds_limit = exceeds_limit || more > token_limit - static_cast<int64_t>(ids.size());
    return exceeds_limit;
  }

  std::vector<TokenId> ids;
  TokenModelScratch scratch;
  PieceCache cache;
  int64_t token_limit;
  bool exceeds_limit = false;
  bool complete = true;  // false: a pattern gave up
};

Result<std::unique_ptr<ComposedTokenizer>> ComposedTokenizer::make(TokenizerParts parts) {
  CHECK(parts.model != nullptr);
  std::vector<AddedToken> raw;
  std::vector<AddedToken> normalized;
  std::unordered_set<std::string_view> contents;
  std::unordered_map<TokenId, std::string_view> ids;
  for (const AddedToken& token : parts.added) {
    const auto size = static_cast<int64_t>(token.content.size());
    if (size == 0 || size > AddedTokenMatcher::maximum_content_bytes) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("the added token {} has {} bytes; 1 to {} are supported", token.id, size,
                              AddedTokenMatcher::maximum_content_bytes));
    }
    if (!is_valid_utf8(token.content)) {
      return fail(ErrorCode::corrupt_data, fmt::format("the added token {} is no UTF-8", token.id));
    }
    if (!contents.insert(token.content).second) {
      return fail(ErrorCode::corrupt_data, fmt::format("the token '{}' is added twice", token.content));
    }
    const auto [same_id, inserted] = ids.emplace(token.id, token.content);
    if (!inserted) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("the id {} is given to two added tokens, '{}' and '{}'", token.id,
                              same_id->second, token.content));
    }
  }
  for (const AddedToken& token : parts.added) {
    if (!parts.vocabulary.has(token.id)) {
      if (Result<void> set = parts.vocabulary.set(token.id, token.content); !set) return fail(set.error());
    }
    if (token.special) parts.vocabulary.mark_special(token.id);
    if (token.normalized && !token.content_is_normalized && !parts.normalizer.empty()) {
      AddedToken changed = token;
      changed.content = parts.normalizer.apply(token.content);
      if (!changed.content.empty()) normalized.push_back(std::move(changed));
    } else {
      (token.normalized ? normalized : raw).push_back(token);
    }
  }
  return std::unique_ptr<ComposedTokenizer>(
      new ComposedTokenizer(std::move(parts), std::move(raw), std::move(normalized)));
}

ComposedTokenizer::ComposedTokenizer(TokenizerParts parts, std::vector<AddedToken> raw,
                                     std::vector<AddedToken> normalized)
    : vocabulary_(std::move(parts.vocabulary)),
      raw_added_(std::move(raw)),
      normalized_added_(std::move(normalized)),
      normalizer_(std::move(parts.normalizer)),
      pre_tokenizer_(std::move(parts.pre_tokenizer)),
      model_(std::move(parts.model)),
      bos_(parts.bos),
      eos_(parts.eos),
      adds_bos_(parts.adds_bos),
      drops_first_space_(parts.drops_first_space),
      makers_version_(std::move(parts.makers_version)) {
  for (const AddedToken& token : parts.added) written_.insert(token.content, token.id);
  if (!model_->loses_text()) least_count_ = LeastTokenCount(vocabulary_, normalizer_, pre_tokenizer_);
  set_end_tokens(std::move(parts.end_tokens));
}

std::optional<TokenId> ComposedTokenizer::find_token(std::string_view written) const {
  if (const TokenId id = written_.find(written); id >= 0) return id;
  return vocabulary_.find(written);
}

void ComposedTokenizer::set_bos(std::optional<TokenId> bos, bool adds_bos) {
  bos_ = bos;
  adds_bos_ = adds_bos && bos.has_value();
}

void ComposedTokenizer::set_end_tokens(std::vector<TokenId> end_tokens) {
  std::ranges::sort(end_tokens);
  const auto repeated = std::ranges::unique(end_tokens);
  end_tokens.erase(repeated.begin(), repeated.end());
  end_tokens_ = std::move(end_tokens);
}

std::vector<TokenId> ComposedTokenizer::encode(std::string_view text, SpecialTokens special) const {
  const TextRange all{0, static_cast<int64_t>(text.size())};
  if (special == SpecialTokens::parse) return encode_rendered(text, {});
  return encode_rendered(text, {&all, 1});
}

std::vector<TokenId> ComposedTokenizer::encode_rendered(std::string_view text,
                                                        std::span<const TextRange> literal) const {
  Work work(static_cast<int64_t>(text.size()), no_token_limit);
  encode_any(text, literal, work);
  return std::move(work.ids);
}

Result<BoundedTokens> ComposedTokenizer::encode_bounded(std::string_view text,
                                                        std::span<const TextRange> literal,
                                                        int64_t token_limit) const {
  Work work(static_cast<int64_t>(text.size()), token_limit);
  encode_any(text, literal, work);
  if (work.exceeds(0)) return BoundedTokens{.ids = {}, .exceed_limit = true};
  if (work.complete) return BoundedTokens{.ids = std::move(work.ids), .exceed_limit = false};
  return fail(ErrorCode::invalid_argument,
              fmt::format("the tokenizer's pattern takes too long over this text of {} bytes", text.size()));
}

void ComposedTokenizer::encode_any(std::string_view text, std::span<const TextRange> literal,
                                   Work& work) const {
  if (is_valid_utf8(text)) return encode_valid(text, literal, work);
  std::vector<TextRange> moved(literal.begin(), literal.end());
  const std::string repaired = repair_with_ranges(text, moved);
  encode_valid(repaired, moved, work);
}

void ComposedTokenizer::encode_valid(std::string_view text, std::span<const TextRange> literal,
                                     Work& work) const {
  if (work.is_limited() && work.exceeds(least_count_.of_all_but_white_space(text))) return;
  work.ids.reserve(static_cast<size_t>(std::min(static_cast<int64_t>(text.size()) / 3, work.token_limit)) +
                   8);
  std::vector<AddedTokenMatcher::Match> matches;
  raw_added_.find_all(text, literal, matches);
  int64_t at = 0;
  for (const AddedTokenMatcher::Match& match : matches) {
    encode_chunk(text, {at, match.range.begin}, literal, work);
    work.ids.push_back(match.id);
    at = match.range.end;
  }
  encode_chunk(text, {at, static_cast<int64_t>(text.size())}, literal, work);
}

void ComposedTokenizer::encode_chunk(std::string_view text, TextRange range,
                                     std::span<const TextRange> literal, Work& work) const {
  if (range.begin >= range.end || work.exceeds_limit) return;
  if (is_too_long(slice(text, range), work)) return;
  std::string chunk(slice(text, range));
  if (!normalizer_.empty()) chunk = normalizer_.apply(chunk);
  if (normalized_added_.tokens().empty()) return encode_plain(std::move(chunk), range.begin == 0, work);

  std::vector<TextRange> literal_here = ranges_within(literal, range);
  // Once the normaliser has changed something, the ranges no longer fit; then all of the chunk counts as a
  // user's.
  if (!literal_here.empty() && chunk != slice(text, range)) {
    literal_here = {{0, static_cast<int64_t>(chunk.size())}};
  }
  std::vector<AddedTokenMatcher::Match> matches;
  normalized_added_.find_all(chunk, literal_here, matches);
  int64_t at = 0;
  for (const AddedTokenMatcher::Match& match : matches) {
    if (at < match.range.begin) {
      encode_plain(std::string(slice(chunk, {at, match.range.begin})), range.begin == 0 && at == 0, work);
    }
    work.ids.push_back(match.id);
    at = match.range.end;
  }
  encode_plain(chunk.substr(static_cast<size_t>(at)), range.begin == 0 && at == 0, work);
}

bool ComposedTokenizer::is_too_long(std::string_view text, Work& work) const {
  if (!work.is_limited() || text.size() < long_text) return work.exceeds(0);
  return work.exceeds(normalized_added_.takes_white_space() ? least_count_.of_all_but_white_space(text)
                                                            : least_count_.of(text));
}

void ComposedTokenizer::encode_plain(std::string text, bool begins_input, Work& work) const {
  if (text.empty() || work.exceeds_limit) return;
  const PreTokenizedText cut = pre_tokenizer_.apply(std::move(text), begins_input);
  work.complete = work.complete && cut.complete;
  for (const TextRange& range : cut.pieces) {
    const std::string_view piece = slice(cut.text, range);
    if (is_too_long(piece, work)) return;
    PieceCache::Slot* slot = work.cache.find(piece);
    if (slot == nullptr) {
      model_->encode(piece, work.scratch, work.ids);
      continue;
    }
    const auto first = static_cast<int64_t>(work.ids.size());
    if (slot->holds(piece)) {
      work.ids.resize(static_cast<size_t>(first + slot->count));
      std::copy_n(work.ids.begin() + slot->first, slot->count, work.ids.begin() + first);
      continue;
    }
    model_->encode(piece, work.scratch, work.ids);
    std::memcpy(slot->text, piece.data(), piece.size());
    slot->length = static_cast<uint32_t>(piece.size());
    slot->count = static_cast<int32_t>(static_cast<int64_t>(work.ids.size()) - first);
    slot->first = first;
  }
}

}  // namespace shoal
