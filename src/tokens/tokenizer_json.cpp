#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/byte_order_mark.h"
#include "base/utf8.h"
#include "json/json_cursor.h"
#include "json/members.h"
#include "json/value.h"
#include "tokens/byte_level.h"
#include "tokens/pair_bpe.h"
#include "tokens/tokenizer_files.h"
#include "tokens/tokenizer_markup.h"
#include "tokens/tokenizer_steps.h"
#include "tokens/unigram.h"

namespace shoal {
namespace {

// The model section as it is written, before it is known how its strings encode bytes.
struct RawModel {
  struct Piece {
    std::string_view written;
    int64_t id;
  };
  std::string type;
  std::vector<Piece> vocabulary;
  std::vector<double> scores;  // by id; for a vocabulary that is a list
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  bool has_merges = false;
  bool byte_fallback = false;
  bool fuse_unknown = false;
  bool ignore_merges = false;
  std::optional<std::string> unknown_text;
  std::optional<int64_t> unknown_id;
  std::deque<std::string> unescaped;  // the texts that some of the views point to
};

class ModelReader {
 public:
  // `cursor` stands before the section; afterwards it tells whether all is well.
  ModelReader(JsonCursor& cursor, RawModel& model) : cursor_(cursor), model_(model) {}

  void read() {
    std::string_view key;
    if (!cursor_.enter('{')) return;
    while (cursor_.next_member(key)) read_member(std::string(key));
  }

 private:
  void read_member(const std::string& key) {
    if (key == "vocab") {
      read_vocabulary();
    } else if (key == "merges") {
      read_merges();
    } else if (key == "type") {
      model_.type = cursor_.read_text();
    } else if (key == "unk_token" && cursor_.peek() == '"') {
      model_.unknown_text = cursor_.read_text();
    } else if (key == "unk_id" && cursor_.peek() != 'n') {
      model_.unknown_id = cursor_.read_integer();
    } else if (key == "byte_fallback") {
      model_.byte_fallback = cursor_.skip() == "true";
    } else if (key == "fuse_unk") {
      model_.fuse_unknown = cursor_.skip() == "true";
    } else if (key == "ignore_merges") {
      model_.ignore_merges = cursor_.skip() == "true";
    } else if (key == "continuing_subword_prefix" || key == "end_of_word_suffix") {
      const std::string_view value = cursor_.skip();
      if (value != "null" && value != "\"\"") cursor_.reject(fmt::format("{} is not supported", key));
    } else {
      cursor_.skip();
    }
  }

  void read_vocabulary() {
    if (cursor_.peek() == '[') return read_scored_vocabulary();
    std::string_view written;
    cursor_.enter('{');
    while (cursor_.next_member(written)) {
      const std::string_view kept = keep(written);
      model_.vocabulary.push_back({kept, cursor_.read_integer()});
    }
  }

  // Reads [[piece, score], …], in the order of ids.
  void read_scored_vocabulary() {
    cursor_.enter('[');
    while (cursor_.next_item()) {
      if (!cursor_.enter('[') || !cursor_.next_item()) return cursor_.reject("an entry without a piece");
      model_.vocabulary.push_back(
          {keep(cursor_.read_text()), static_cast<int64_t>(model_.vocabulary.size())});
      if (!cursor_.next_item()) return cursor_.reject("a piece without a score");
      model_.scores.push_back(cursor_.read_number());
      if (cursor_.next_item()) return cursor_.reject("an entry of more than a piece and its score");
    }
  }

  void read_merges() {
    model_.has_merges = true;
    if (!cursor_.enter('[')) return;
    while (cursor_.next_item()) {
      if (cursor_.peek() == '[') {
        std::string_view parts[2];
        int count = 0;
        cursor_.enter('[');
        while (cursor_.next_item()) {
          if (count == 2) return cursor_.reject("a merge of more than two tokens");
          parts[count++] = keep(cursor_.read_text());
        }
        if (count != 2) return cursor_.reject("a merge of less than two tokens");
        model_.merges.emplace_back(parts[0], parts[1]);
      } else {
        const std::string_view merge = keep(cursor_.read_text());
        const size_t space = merge.find(' ');
        if (space == std::string_view::npos) return cursor_.reject("a merge without a space");
        model_.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
      }
    }
  }

  // A view that lives as long as the model.
  std::string_view keep(std::string_view text) {
    return cursor_.is_in_source(text) ? text : model_.unescaped.emplace_back(text);
  }

  JsonCursor& cursor_;
  RawModel& model_;
};

// Calls `visit` for a component or, if it is a Sequence, for each of its parts.
template <class Visit>
Result<void> for_each_part(const Value* component, std::string_view list, const Visit& visit) {
  if (component == nullptr || component->is_null()) return {};
  if (component->object() == nullptr) return fail(ErrorCode::corrupt_data, "a component is no object");
  if (text_member(*component, "type") != "Sequence") return visit(*component);
  const Value* parts = component->find(list);
  if (parts == nullptr || parts->array() == nullptr) {
    return fail(ErrorCode::corrupt_data, fmt::format("a Sequence has no '{}'", list));
  }
  for (const Value& part : *parts->array()) {
    if (Result<void> done = for_each_part(&part, list, visit); !done) return done;
  }
  return {};
}

bool has_part(const Value* component, std::string_view list, std::string_view type) {
  bool found = false;
  (void)for_each_part(component, list, [&](const Value& part) -> Result<void> {
    found = found || text_member(part, "type") == type;
    return {};
  });
  return found;
}

Result<std::vector<AddedToken>> read_added_tokens(const Value* list) {
  std::vector<AddedToken> added;
  if (list == nullptr || list->is_null()) return added;
  if (list->array() == nullptr) return fail(ErrorCode::corrupt_data, "added_tokens is no list");
  for (const Value& entry : *list->array()) {
    const Value* id = entry.find("id");
    if (id == nullptr || id->integer() == nullptr || *id->integer() < 0 ||
        *id->integer() >= Vocabulary::maximum_size) {
      return fail(ErrorCode::corrupt_data, "an added token has no id, or one that is out of range");
    }
    AddedToken token{.id = static_cast<TokenId>(*id->integer()), .content = text_member(entry, "content")};
    token.special = boolean_member(entry, "special", false);
    token.markup = token.special || is_markup(token.content);
    token.single_word = boolean_member(entry, "single_word", false);
    token.strips_left = boolean_member(entry, "lstrip", false);
    token.strips_right = boolean_member(entry, "rstrip", false);
    token.normalized = boolean_member(entry, "normalized", false);
    added.push_back(std::move(token));
  }
  return added;
}

class BpeBuilder {
 public:
  BpeBuilder(const RawModel& raw, bool byte_level) : raw_(raw), byte_level_(byte_level) {}

  Result<void> build(TokenizerParts& parts) {
    if (!raw_.has_merges || (raw_.merges.empty() && raw_.vocabulary.size() > 256)) {
      return fail(ErrorCode::corrupt_data, "the vocabulary has no merges");
    }
    if (Result<void> read = read_vocabulary(parts.vocabulary); !read) return read;
    if (Result<void> read = read_merges(); !read) return read;
    settings_.bytes_are_symbols = byte_level_;
    settings_.whole_pieces_first = raw_.ignore_merges;
    settings_.fuse_unknown = raw_.fuse_unknown;
    if (raw_.unknown_text) {
      const TokenId unknown = find_written(*raw_.unknown_text);
      if (unknown < 0) {
        return fail(ErrorCode::corrupt_data,
                    fmt::format("the unknown token '{}' is not in the vocabulary", *raw_.unknown_text));
      }
      settings_.unknown = unknown;
    }
    if (raw_.byte_fallback && std::ranges::find(bytes_, -1) == bytes_.end()) settings_.byte_fallback = bytes_;
    parts.model = std::make_unique<PairBpe>(std::move(settings_));
    return {};
  }

  // True when no merge crosses from another character to a mark, so that a text may be cut there; see
  // CutBeforeMarkStep.
  bool cuts_before_mark() const { return !byte_level_ && raw_.byte_fallback && !mark_inside_; }

 private:
  Result<void> read_vocabulary(Vocabulary& vocabulary) {
    const auto count = static_cast<int64_t>(raw_.vocabulary.size());
    vocabulary.reserve(count, 8 * count);
    settings_.pieces.reserve(count, 8 * count);
    bytes_.fill(-1);
    std::string bytes;
    for (const RawModel::Piece& piece : raw_.vocabulary) {
      const auto id = static_cast<TokenId>(std::clamp<int64_t>(piece.id, -1, Vocabulary::maximum_size));
      bytes.clear();
      if (!byte_level_ || !append_byte_level(piece.written, bytes)) bytes = piece.written;
      if (!settings_.pieces.insert(bytes, id)) {
        return fail(ErrorCode::corrupt_data, fmt::format("the vocabulary has '{}' twice", piece.written));
      }
      if (!byte_level_) {
        const int byte = raw_.byte_fallback ? byte_of_token(piece.written) : -1;
        if (byte >= 0) {
          bytes_[static_cast<size_t>(byte)] = id;
          bytes.assign(1, static_cast<char>(byte));
        } else {
          bytes = replace_all(bytes, space_mark, " ");
        }
      }
      if (Result<void> set = vocabulary.set(id, bytes); !set) return set;
    }
    return {};
  }

  Result<void> read_merges() {
    settings_.merges.reserve(static_cast<int64_t>(raw_.merges.size()));
    MergeReader reader(settings_.pieces, settings_.merges, /*replace=*/true);
    std::string joined;
    for (const auto& [left, right] : raw_.merges) {
      joined.clear();
      append(left, joined);
      const size_t middle = joined.size();
      append(right, joined);
      mark_inside_ = mark_inside_ || (!byte_level_ && has_mark_inside(joined));
      if (!reader.add(joined, middle)) return refuse_merge(reader.wrong_merge());
    }
    return reader.finish() ? Result<void>() : refuse_merge(reader.wrong_merge());
  }

  Result<void> refuse_merge(int32_t number) const {
    const auto& [left, right] = raw_.merges[static_cast<size_t>(number)];
    return fail(ErrorCode::corrupt_data,
                fmt::format("merge {} ('{}' and '{}') has a token that is not in the vocabulary", number,
                            left, right));
  }

  void append(std::string_view written, std::string& bytes) const {
    if (!byte_level_ || !append_byte_level(written, bytes)) bytes += written;
  }

  TokenId find_written(std::string_view written) const {
    std::string bytes;
    append(written, bytes);
    return settings_.pieces.find(bytes);
  }

  const RawModel& raw_;
  const bool byte_level_;
  PairBpe::Settings settings_{};
  std::array<TokenId, 256> bytes_;  // of <0x00> … <0xFF>
  bool mark_inside_ = false;
};

// A vocabulary with scores: the best cut of each piece is taken.
Result<void> build_unigram(const RawModel& raw, TokenizerParts& parts) {
  const auto count = static_cast<int64_t>(raw.vocabulary.size());
  if (count == 0 || raw.scores.size() != raw.vocabulary.size()) {
    return fail(ErrorCode::corrupt_data, "the vocabulary is no list of pieces and scores");
  }
  const int64_t unknown = raw.unknown_id.value_or(0);
  if (unknown < 0 || unknown >= count) {
    return fail(ErrorCode::corrupt_data, fmt::format("unk_id is {}, there are {} pieces", unknown, count));
  }
  Unigram::Settings settings{.pieces = {},
                             .scores = raw.scores,
                             .unknown_score = std::ranges::min(raw.scores) - Unigram::unknown_penalty,
                             .precision = Unigram::Precision::twofold,
                             .byte_fallback = std::nullopt,
                             .unknown = std::nullopt};
  if (raw.unknown_id) settings.unknown = static_cast<TokenId>(unknown);
  settings.pieces.reserve(count, 8 * count);
  parts.vocabulary.reserve(count, 8 * count);
  std::array<TokenId, 256> bytes;
  bytes.fill(-1);
  for (const RawModel::Piece& piece : raw.vocabulary) {
    const auto id = static_cast<TokenId>(std::min<int64_t>(piece.id, Vocabulary::maximum_size));
    settings.pieces.insert(piece.written, id);
    std::string text = replace_all(piece.written, space_mark, " ");
    if (const int byte = raw.byte_fallback ? byte_of_token(piece.written) : -1; byte >= 0) {
      bytes[static_cast<size_t>(byte)] = id;
      text.assign(1, static_cast<char>(byte));
    }
    if (Result<void> set = parts.vocabulary.set(id, text); !set) return set;
  }
  if (raw.byte_fallback && std::ranges::find(bytes, -1) == bytes.end()) settings.byte_fallback = bytes;
  parts.model = std::make_unique<Unigram>(std::move(settings));
  return {};
}

// Whether decoding drops a space at the beginning.
bool decoder_drops_space(const Value* decoder) {
  bool drops = false;
  (void)for_each_part(decoder, "decoders", [&](const Value& part) -> Result<void> {
    const std::string type = text_member(part, "type");
    const Value* start = part.find("start");
    if (type == "Strip" && start != nullptr && start->integer() != nullptr)
      drops = drops || *start->integer() > 0;
    if (type == "Metaspace") drops = drops || text_member(part, "prepend_scheme") != "never";
    return {};
  });
  return drops;
}

// The token that the post-processor puts in front of every text; empty when there is none.
std::string first_template_token(const Value* processor) {
  std::string first;
  (void)for_each_part(processor, "processors", [&](const Value& part) -> Result<void> {
    const Value* single = part.find("single");
    if (text_member(part, "type") != "TemplateProcessing" || single == nullptr ||
        single->array() == nullptr || single->array()->empty()) {
      return {};
    }
    if (const Value* token = single->array()->front().find("SpecialToken")) first = text_member(*token, "id");
    return {};
  });
  return first;
}

struct Sections {
  Value other{Value::Object{}};  // everything but the model
  RawModel model;
};

Result<void> read_sections(std::string_view json, Sections& sections) {
  JsonCursor cursor(json);
  std::string_view key;
  bool has_model = false;
  if (cursor.enter('{')) {
    while (cursor.next_member(key)) {
      const std::string name(key);
      if (name == "model" && !has_model) {
        has_model = true;
        ModelReader(cursor, sections.model).read();
      } else {
        const std::string_view source = cursor.skip();
        if (!cursor.ok()) break;
        Result<Value> value = parse_json(source);
        if (!value) return fail(ErrorCode::corrupt_data, fmt::format("{}: {}", name, value.error().message));
        sections.other.set(name, std::move(*value));
      }
    }
  }
  if (!cursor.ok()) return fail(cursor.error());
  if (!has_model) return fail(ErrorCode::corrupt_data, "there is no model section");
  return {};
}

Result<std::unique_ptr<ComposedTokenizer>> build(std::string_view json) {
  Sections sections;
  if (Result<void> read = read_sections(json, sections); !read) return fail(read.error());
  const RawModel& model = sections.model;
  const bool unigram = model.type == "Unigram" || (model.type.empty() && !model.scores.empty());
  if (!unigram && model.type != "BPE" && !(model.type.empty() && model.has_merges)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("a tokenizer model of type '{}' is not supported", model.type));
  }
  const Value* normalizer = sections.other.find("normalizer");
  const Value* pre_tokenizer = sections.other.find("pre_tokenizer");
  const Value* decoder = sections.other.find("decoder");
  const bool byte_level = has_part(pre_tokenizer, "pretokenizers", "ByteLevel") ||
                          has_part(normalizer, "normalizers", "ByteLevel") ||
                          has_part(decoder, "decoders", "ByteLevel");

  TokenizerParts parts;
  BpeBuilder builder(model, byte_level);
  const Result<void> built = unigram ? build_unigram(model, parts) : builder.build(parts);
  if (!built) return fail(built.error());
  Result<std::vector<AddedToken>> added = read_added_tokens(sections.other.find("added_tokens"));
  if (!added) return fail(added.error());
  parts.added = std::move(*added);

  std::vector<NormalizerStep> normalizer_steps;
  Result<void> read = for_each_part(normalizer, "normalizers", [&](const Value& part) {
    return read_normalizer_step(part, normalizer_steps);
  });
  if (!read) return fail(read.error(), "normalizer");
  std::vector<PreTokenizerStep> cutting_steps;
  read = for_each_part(pre_tokenizer, "pretokenizers",
                       [&](const Value& part) { return read_pre_tokenizer_step(part, cutting_steps); });
  if (!read) return fail(read.error(), "pre_tokenizer");
  if (!unigram && builder.cuts_before_mark())
    cutting_steps.push_back(CutBeforeMarkStep{std::string(space_mark)});
  parts.normalizer = Normalizer(std::move(normalizer_steps));
  parts.pre_tokenizer = PreTokenizer(std::move(cutting_steps));
  parts.drops_first_space = !byte_level && decoder_drops_space(decoder);

  parts.end_tokens = find_end_tokens(parts.added);

  const std::string first = first_template_token(sections.other.find("post_processor"));
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = ComposedTokenizer::make(std::move(parts));
  if (tokenizer && !first.empty()) (*tokenizer)->set_bos((*tokenizer)->find_token(first), /*adds_bos=*/true);
  return tokenizer;
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_json(std::string_view json) {
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = build(without_byte_order_mark(json));
  if (!tokenizer) return fail(tokenizer.error(), "tokenizer.json");
  return tokenizer;
}

}  // namespace shoal
