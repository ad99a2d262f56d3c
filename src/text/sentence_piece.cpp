#include "text/sentence_piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "text/byte_level.h"
#include "text/text_bpe.h"
#include "text/tokenizer_markup.h"
#include "text/tokenizer_steps.h"

namespace shoal {
namespace {

// Equal scores get equal ranks, the highest score rank 0.
std::vector<int32_t> ranks_of_scores(const std::vector<double>& scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  std::vector<int32_t> ranks(scores.size());
  int32_t rank = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && scores[order[i]] != scores[order[i - 1]]) ++rank;
    ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace

Result<void> build_sentence_piece(const SentencePieceVocabulary& read, TokenizerParts& parts) {
  for (size_t i = 0; i < read.scores.size(); ++i) {
    if (!(read.scores[i] == read.scores[i])) {
      return fail(ErrorCode::corrupt_data, fmt::format("the score of token {} is no number", i));
    }
  }
  TextBpe::Settings settings{.pieces = {},
                             .ranks = ranks_of_scores(read.scores),
                             .bytes_are_symbols = false,
                             .whole_pieces_first = false,
                             .byte_fallback = std::nullopt,
                             .unknown = std::nullopt};
  const auto count = static_cast<int64_t>(read.pieces.size());
  settings.pieces.reserve(count, 8 * count);
  parts.vocabulary.reserve(count, 8 * count);
  std::array<TokenId, 256> bytes;
  bytes.fill(-1);
  bool mark_inside = false;
  for (int64_t id = 0; id < count; ++id) {
    const auto index = static_cast<size_t>(id);
    const auto token = static_cast<TokenId>(id);
    const std::string_view written = read.pieces[index];
    std::string text = replace_all(written, kSpaceMark, " ");
    switch (read.kinds[index]) {
      case PieceKind::byte: {
        const int byte = byte_of_token(written);
        if (byte < 0)
          return fail(ErrorCode::corrupt_data, fmt::format("the byte token {} is '{}'", id, written));
        bytes[static_cast<size_t>(byte)] = token;
        text.assign(1, static_cast<char>(byte));
        break;
      }
      case PieceKind::unknown: settings.unknown = token; break;
      case PieceKind::normal:
      case PieceKind::user_defined:
        if (!settings.pieces.insert(written, token)) {
          return fail(ErrorCode::corrupt_data, fmt::format("the vocabulary has '{}' twice", written));
        }
        mark_inside = mark_inside || has_mark_inside(written);
        break;
      case PieceKind::control:
      case PieceKind::unused: break;
    }
    if (Result<void> set = parts.vocabulary.set(token, text); !set) return set;
  }
  const bool all_bytes = std::ranges::find(bytes, -1) == bytes.end();
  if (all_bytes) settings.byte_fallback = bytes;

  std::vector<NormalizerStep> normalizer;
  if (read.collapses_spaces) normalizer.push_back(CollapseSpacesStep{});
  if (read.adds_prefix) normalizer.push_back(PrependStep{" "});
  normalizer.push_back(ReplaceStep{" ", std::string(kSpaceMark)});
  parts.normalizer = Normalizer(std::move(normalizer));
  if (all_bytes && !mark_inside) {
    std::vector<PreTokenizerStep> steps;
    steps.push_back(CutBeforeMarkStep{std::string(kSpaceMark)});
    parts.pre_tokenizer = PreTokenizer(std::move(steps));
  }
  parts.drops_first_space = read.adds_prefix;
  parts.model = std::make_unique<TextBpe>(std::move(settings));
  return {};
}

void add_marked_pieces(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts) {
  for (size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const PieceKind kind = vocabulary.kinds[i];
    const bool special = kind == PieceKind::control || kind == PieceKind::unknown;
    if ((!special && kind != PieceKind::user_defined) || vocabulary.pieces[i].empty()) continue;
    AddedToken token{.id = static_cast<TokenId>(i), .content = std::string(vocabulary.pieces[i])};
    token.special = special;
    token.markup = special || is_markup(token.content);
    parts.added.push_back(std::move(token));
  }
}

}  // namespace shoal
