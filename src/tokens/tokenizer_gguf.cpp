#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "tokens/byte_level.h"
#include "tokens/pair_bpe.h"
#include "tokens/sentence_piece.h"
#include "tokens/tokenizer_files.h"
#include "tokens/tokenizer_markup.h"
#include "tokens/tokenizer_steps.h"

namespace shoal {
namespace {

struct GgufVocabulary {
  const std::vector<std::string>* tokens;
  std::vector<PieceKind> kinds;
  std::vector<double> scores;  // empty: the file has none
};

Result<GgufVocabulary> read_vocabulary(const GgufFile& file) {
  GgufVocabulary read{.tokens = file.find_texts("tokenizer.ggml.tokens"), .kinds = {}, .scores = {}};
  if (read.tokens == nullptr || read.tokens->empty()) {
    return fail(ErrorCode::corrupt_data, "tokenizer.ggml.tokens is missing");
  }
  const size_t count = read.tokens->size();
  if (static_cast<int64_t>(count) > Vocabulary::maximum_size) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("tokenizer.ggml.tokens has {} entries, the maximum is {}", count,
                            Vocabulary::maximum_size));
  }
  read.kinds.assign(count, PieceKind::normal);
  if (const std::vector<int64_t>* kinds = file.find_integers("tokenizer.ggml.token_type")) {
    if (kinds->size() != count) {
      return fail(
          ErrorCode::corrupt_data,
          fmt::format("tokenizer.ggml.token_type has {} entries for {} tokens", kinds->size(), count));
    }
    for (size_t i = 0; i < count; ++i) {
      const int64_t kind = (*kinds)[i];
      if (kind < 0 || kind > 6) {
        return fail(ErrorCode::corrupt_data,
                    fmt::format("tokenizer.ggml.token_type has a {} at {}", kind, i));
      }
      read.kinds[i] = kind == 0 ? PieceKind::unused : static_cast<PieceKind>(kind);
    }
  }
  if (const std::vector<double>* scores = file.find_numbers("tokenizer.ggml.scores")) {
    if (scores->size() != count) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("tokenizer.ggml.scores has {} entries for {} tokens", scores->size(), count));
    }
    read.scores = *scores;
  }
  return read;
}

void add_marked_tokens(const GgufVocabulary& read, bool strips_right, TokenizerParts& parts) {
  for (size_t i = 0; i < read.tokens->size(); ++i) {
    const PieceKind kind = read.kinds[i];
    const bool special = kind == PieceKind::control || kind == PieceKind::unknown;
    const std::string& content = (*read.tokens)[i];
    if ((!special && kind != PieceKind::user_defined) || content.empty()) continue;
    AddedToken token{.id = static_cast<TokenId>(i), .content = content};
    token.special = special;
    token.markup = special || is_markup(content);
    token.strips_right = strips_right && content.starts_with("<|") && content != "<|endoftext|>";
    parts.added.push_back(std::move(token));
  }
}

Result<void> take_named(const NamedPreTokenizer& named, TokenizerParts& parts) {
  std::vector<PreTokenizerStep> steps;
  for (const std::string_view pattern : named.patterns) {
    Result<SplitStep> step = make_split(pattern);
    if (!step) return fail(step.error());
    steps.push_back(std::move(*step));
  }
  parts.pre_tokenizer = PreTokenizer(std::move(steps));
  if (named.composes) {
    std::vector<NormalizerStep> normalizer;
    normalizer.push_back(NormalForm::nfc);
    parts.normalizer = Normalizer(std::move(normalizer));
  }
  parts.adds_bos = named.adds_bos;
  return {};
}

Result<void> read_byte_level_pieces(const GgufVocabulary& read, PieceMap& pieces, Vocabulary& vocabulary) {
  const auto count = static_cast<int64_t>(read.tokens->size());
  pieces.reserve(count, 8 * count);
  vocabulary.reserve(count, 8 * count);
  std::string bytes;
  for (int64_t id = 0; id < count; ++id) {
    const auto index = static_cast<size_t>(id);
    const std::string& written = (*read.tokens)[index];
    bytes.clear();
    const bool usable = read.kinds[index] == PieceKind::normal || read.kinds[index] == PieceKind::byte;
    if (!usable || !append_byte_level(written, bytes)) bytes = written;
    if (usable && !pieces.insert(bytes, static_cast<TokenId>(id))) {
      return fail(ErrorCode::corrupt_data, fmt::format("tokenizer.ggml.tokens has '{}' twice", written));
    }
    if (Result<void> set = vocabulary.set(static_cast<TokenId>(id), bytes); !set) return set;
  }
  return {};
}

Result<void> read_byte_level_merges(const std::vector<std::string>& merges, PairBpe::Settings& settings) {
  settings.merges.reserve(static_cast<int64_t>(merges.size()));
  MergeReader reader(settings.pieces, settings.merges, /*replace=*/false);
  const auto refuse = [&]() -> Result<void> {
    const auto number = static_cast<size_t>(reader.wrong_merge());
    return fail(
        ErrorCode::corrupt_data,
        fmt::format("merge {} ('{}') has a token that is not in the vocabulary", number, merges[number]));
  };
  std::string bytes;
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string_view merge = merges[i];
    const size_t space = merge.find(' ', 1);
    bytes.clear();
    const bool left_known =
        space != std::string_view::npos && append_byte_level(merge.substr(0, space), bytes);
    const size_t middle = bytes.size();
    if (!left_known || !append_byte_level(merge.substr(space + 1), bytes)) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("tokenizer.ggml.merges has a wrong entry {}: '{}'", i, merge));
    }
    if (!reader.add(bytes, middle)) return refuse();
  }
  return reader.finish() ? Result<void>() : refuse();
}

Result<void> build_byte_level(const GgufFile& file, const GgufVocabulary& read, TokenizerParts& parts) {
  const std::string name = file.find_text("tokenizer.ggml.pre").value_or("");
  const NamedPreTokenizer* named = find_named_pre_tokenizer(name);
  if (named == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the pre-tokenizer '{}' (tokenizer.ggml.pre) is not known", name));
  }
  if (Result<void> taken = take_named(*named, parts); !taken) return taken;
  PairBpe::Settings settings{};
  settings.bytes_are_symbols = true;
  settings.whole_pieces_first = named->whole_pieces_first;
  Result<void> built = read_byte_level_pieces(read, settings.pieces, parts.vocabulary);
  if (!built) return built;
  const std::vector<std::string>* merges = file.find_texts("tokenizer.ggml.merges");
  if (merges == nullptr || merges->empty()) {
    return fail(ErrorCode::corrupt_data, "the vocabulary has no merges (tokenizer.ggml.merges)");
  }
  built = read_byte_level_merges(*merges, settings);
  if (!built) return built;
  parts.model = std::make_unique<PairBpe>(std::move(settings));
  return {};
}

Result<void> build_from_scores(const GgufFile& file, const GgufVocabulary& read, PieceModel model,
                               TokenizerParts& parts) {
  if (read.scores.empty()) return fail(ErrorCode::corrupt_data, "tokenizer.ggml.scores is missing");
  // The file writes the bytes as a list of numbers; T5's family has one.
  std::string character_map;
  if (const std::vector<int64_t>* bytes = file.find_integers("tokenizer.ggml.precompiled_charsmap")) {
    for (const int64_t byte : *bytes) character_map.push_back(static_cast<char>(byte));
  }
  SentencePieceVocabulary vocabulary{
      .model = model,
      .pieces = {read.tokens->begin(), read.tokens->end()},
      .scores = read.scores,
      .kinds = read.kinds,
      .adds_prefix = file.find_boolean("tokenizer.ggml.add_space_prefix").value_or(true),
      .collapses_spaces = file.find_boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false),
      .character_map = character_map};
  parts.adds_bos = model == PieceModel::bpe;
  return build_sentence_piece(vocabulary, parts);
}

// A token id of the metadata; corrupt_data when it is out of range.
Result<std::optional<TokenId>> find_id(const GgufFile& file, std::string_view key, int64_t count) {
  const std::optional<int64_t> id = file.find_integer(key);
  if (!id) return std::nullopt;
  if (*id < 0 || *id >= count) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("{} is {}, the vocabulary has {} tokens", key, *id, count));
  }
  return static_cast<TokenId>(*id);
}

Result<void> read_ids(const GgufFile& file, const GgufVocabulary& read, TokenizerParts& parts) {
  const auto count = static_cast<int64_t>(read.tokens->size());
  Result<std::optional<TokenId>> bos = find_id(file, "tokenizer.ggml.bos_token_id", count);
  if (!bos) return fail(bos.error());
  parts.bos = *bos;
  for (const std::string_view name : {"eos", "eot", "eom"}) {
    Result<std::optional<TokenId>> id = find_id(file, fmt::format("tokenizer.ggml.{}_token_id", name), count);
    if (!id) return fail(id.error());
    if (!*id) continue;
    if (name == "eos") parts.eos = **id;
    parts.end_tokens.push_back(**id);
  }
  for (const TokenId id : find_end_tokens(parts.added)) parts.end_tokens.push_back(id);
  parts.adds_bos =
      file.find_boolean("tokenizer.ggml.add_bos_token").value_or(parts.adds_bos) && parts.bos.has_value();
  return {};
}

Result<std::unique_ptr<ComposedTokenizer>> build(const GgufFile& file) {
  const Result<std::string> model = file.text("tokenizer.ggml.model");
  if (!model) return fail(model.error());
  Result<GgufVocabulary> read = read_vocabulary(file);
  if (!read) return fail(read.error());
  TokenizerParts parts;
  const bool strips_right = *model == "llama" && file.find_text("general.architecture") == "phi3";
  add_marked_tokens(*read, strips_right, parts);
  Result<void> built;
  if (*model == "gpt2") {
    built = build_byte_level(file, *read, parts);
  } else if (*model == "llama") {
    built = build_from_scores(file, *read, PieceModel::bpe, parts);
  } else if (*model == "t5") {
    built = build_from_scores(file, *read, PieceModel::unigram, parts);
  } else {
    built =
        fail(ErrorCode::invalid_argument,
             fmt::format("a vocabulary of the kind '{}' (tokenizer.ggml.model) is not supported", *model));
  }
  if (!built) return fail(built.error());
  if (Result<void> ids = read_ids(file, *read, parts); !ids) return fail(ids.error());
  return ComposedTokenizer::make(std::move(parts));
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_gguf(const GgufFile& file) {
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = build(file);
  if (!tokenizer) return fail(tokenizer.error(), "tokenizer");
  return tokenizer;
}

}  // namespace shoal
