#include "tokens/sentence_piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "tokens/byte_level.h"
#include "tokens/text_bpe.h"
#include "tokens/tokenizer_markup.h"
#include "tokens/tokenizer_steps.h"
#include "tokens/unigram.h"

namespace shoal {
namespace {

// The highest score gets rank 0; equal scores get equal ranks.
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

// What both models need of a vocabulary.
struct PieceTables {
  std::array<TokenId, 256> bytes;
  bool all_bytes = false;
  std::optional<TokenId> unknown;
  std::vector<TokenId> normal;  // with the user-defined ones
  bool mark_inside = false;
};

Result<PieceTables> read_pieces(const SentencePieceVocabulary& read, Vocabulary& vocabulary) {
  PieceTables tables;
  tables.bytes.fill(-1);
  const auto count = static_cast<int64_t>(read.pieces.size());
  vocabulary.reserve(count, 8 * count);
  for (int64_t id = 0; id < count; ++id) {
    const auto index = static_cast<size_t>(id);
    const auto token = static_cast<TokenId>(id);
    const std::string_view written = read.pieces[index];
    std::string text = replace_all(written, space_mark, " ");
    switch (read.kinds[index]) {
      case PieceKind::byte: {
        const int byte = byte_of_token(written);
        if (byte < 0)
          return fail(ErrorCode::corrupt_data, fmt::format("the byte token {} is '{}'", id, written));
        tables.bytes[static_cast<size_t>(byte)] = token;
        text.assign(1, static_cast<char>(byte));
        break;
      }
      case PieceKind::unknown: tables.unknown = token; break;
      case PieceKind::normal:
      case PieceKind::user_defined:
        tables.normal.push_back(token);
        tables.mark_inside = tables.mark_inside || has_mark_inside(written);
        break;
      case PieceKind::control:
      case PieceKind::unused: break;
    }
    if (Result<void> set = vocabulary.set(token, text); !set) return fail(set.error());
  }
  tables.all_bytes = std::ranges::find(tables.bytes, -1) == tables.bytes.end();
  return tables;
}

Result<Normalizer> make_normalizer(const SentencePieceVocabulary& read) {
  std::vector<NormalizerStep> steps;
  if (!read.character_map.empty()) {
    Result<CharacterMap> map = CharacterMap::parse(read.character_map);
    if (!map) return fail(map.error());
    CharacterMapStep step{.map = std::move(*map), .way = CharacterMapStep::Way::longest, .kept = {}};
    for (size_t id = 0; id < read.pieces.size(); ++id) {
      const bool kept = read.kinds[id] == PieceKind::user_defined && !read.pieces[id].empty();
      if (kept) step.kept.emplace_back(read.pieces[id]);
    }
    std::ranges::stable_sort(step.kept, std::ranges::greater(), &std::string::size);
    steps.push_back(std::move(step));
  }
  if (read.collapses_spaces) steps.push_back(CollapseSpacesStep{});
  if (read.adds_prefix) steps.push_back(PrependStep{" "});
  steps.push_back(ReplaceStep{" ", std::string(space_mark)});
  return Normalizer(std::move(steps));
}

Result<std::unique_ptr<const TokenModel>> make_bpe(const SentencePieceVocabulary& read,
                                                   const PieceTables& tables) {
  TextBpe::Settings settings{.pieces = {},
                             .ranks = ranks_of_scores(read.scores),
                             .bytes_are_symbols = false,
                             .whole_pieces_first = false,
                             .byte_fallback = std::nullopt,
                             .unknown = tables.unknown};
  const auto count = static_cast<int64_t>(tables.normal.size());
  settings.pieces.reserve(count, 8 * count);
  for (const TokenId id : tables.normal) {
    const std::string_view written = read.pieces[static_cast<size_t>(id)];
    if (!settings.pieces.insert(written, id)) {
      return fail(ErrorCode::corrupt_data, fmt::format("the vocabulary has '{}' twice", written));
    }
  }
  if (tables.all_bytes) settings.byte_fallback = tables.bytes;
  return std::make_unique<TextBpe>(std::move(settings));
}

std::unique_ptr<const TokenModel> make_unigram(const SentencePieceVocabulary& read,
                                               const PieceTables& tables) {
  Unigram::Settings settings{.pieces = {},
                             .scores = read.scores,
                             .unknown_score = 0,
                             .precision = Unigram::Precision::single,
                             .byte_fallback = std::nullopt,
                             .unknown = tables.unknown};
  const auto count = static_cast<int64_t>(tables.normal.size());
  settings.pieces.reserve(count, 8 * count);
  double lowest = 0;
  double highest = 0;
  bool first = true;
  for (const TokenId id : tables.normal) {
    const auto index = static_cast<size_t>(id);
    if (read.kinds[index] != PieceKind::normal) continue;
    lowest = first ? read.scores[index] : std::min(lowest, read.scores[index]);
    highest = first ? read.scores[index] : std::max(highest, read.scores[index]);
    first = false;
  }
  for (const TokenId id : tables.normal) {
    const auto index = static_cast<size_t>(id);
    const std::string_view written = read.pieces[index];
    if (read.kinds[index] == PieceKind::user_defined) {
      if (is_markup(written)) continue;  // the added tokens find it before the model sees the text
      // With this score any path through the piece is the best, as SentencePiece computes it.
      settings.scores[index] = static_cast<double>(written.size()) * highest - 0.1;
    }
    settings.pieces.insert(written, id);
  }
  settings.unknown_score = static_cast<double>(static_cast<float>(lowest - Unigram::unknown_penalty));
  if (tables.all_bytes) settings.byte_fallback = tables.bytes;
  return std::make_unique<Unigram>(std::move(settings));
}

}  // namespace

Result<void> build_sentence_piece(const SentencePieceVocabulary& read, TokenizerParts& parts) {
  for (size_t i = 0; i < read.scores.size(); ++i) {
    if (!std::isfinite(read.scores[i])) {
      return fail(ErrorCode::corrupt_data, fmt::format("the score of token {} is no number", i));
    }
  }
  const Result<PieceTables> tables = read_pieces(read, parts.vocabulary);
  if (!tables) return fail(tables.error());
  Result<Normalizer> normalizer = make_normalizer(read);
  if (!normalizer) return fail(normalizer.error());
  parts.normalizer = std::move(*normalizer);
  parts.drops_first_space = read.adds_prefix;
  if (read.model == PieceModel::unigram) {
    parts.model = make_unigram(read, *tables);
    return {};
  }
  if (tables->all_bytes && !tables->mark_inside) {
    std::vector<PreTokenizerStep> steps;
    steps.push_back(CutBeforeMarkStep{std::string(space_mark)});
    parts.pre_tokenizer = PreTokenizer(std::move(steps));
  }
  Result<std::unique_ptr<const TokenModel>> model = make_bpe(read, *tables);
  if (!model) return fail(model.error());
  parts.model = std::move(*model);
  return {};
}

void add_marked_pieces(const SentencePieceVocabulary& vocabulary, TokenizerParts& parts) {
  for (size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const PieceKind kind = vocabulary.kinds[i];
    const bool special = kind == PieceKind::control || kind == PieceKind::unknown;
    if ((!special && kind != PieceKind::user_defined) || vocabulary.pieces[i].empty()) continue;
    const bool in_model = vocabulary.model == PieceModel::unigram && !special;
    if (in_model && !is_markup(vocabulary.pieces[i])) continue;
    AddedToken token{.id = static_cast<TokenId>(i), .content = std::string(vocabulary.pieces[i])};
    token.special = special;
    token.markup = special || is_markup(token.content);
    // SentencePiece looks for these after normalising, so that a text still gets its space in front.
    token.normalized = token.content_is_normalized = !token.markup;
    parts.added.push_back(std::move(token));
  }
}

}  // namespace shoal
