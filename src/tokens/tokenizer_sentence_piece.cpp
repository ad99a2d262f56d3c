#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "base/utf8.h"
#include "tokens/sentence_piece.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

// Walks through the fields of a protobuf message; sentencepiece_model.proto defines their meaning.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : bytes_(bytes) {}

  struct Field {
    uint64_t number = 0;
    uint64_t integer = 0;    // a varint's value
    float fixed = 0;         // a four-byte field's value
    std::string_view bytes;  // a string's or message's bytes
  };
  // nullopt at the end, and after an error; ok() tells which.
  std::optional<Field> next() {
    if (at_ >= bytes_.size()) return std::nullopt;
    const std::optional<uint64_t> tag = read_varint();
    if (!tag) return reject();
    Field field;
    field.number = *tag >> 3;
    switch (*tag & 7) {
      case 0: {
        const std::optional<uint64_t> value = read_varint();
        if (!value) return reject();
        field.integer = *value;
        return field;
      }
      case 1:
        if (!take(8, field.bytes)) return reject();
        return field;
      case 2: {
        const std::optional<uint64_t> size = read_varint();
        if (!size || !take(*size, field.bytes)) return reject();
        return field;
      }
      case 5:
        if (!take(4, field.bytes)) return reject();
        std::memcpy(&field.fixed, field.bytes.data(), 4);
        return field;
      default: return reject();
    }
  }
  bool ok() const { return ok_; }

 private:
  std::optional<Field> reject() {
    ok_ = false;
    at_ = bytes_.size();
    return std::nullopt;
  }
  bool take(uint64_t size, std::string_view& out) {
    if (size > bytes_.size() - at_) return false;
    out = bytes_.substr(at_, size);
    at_ += size;
    return true;
  }
  std::optional<uint64_t> read_varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

struct Model {
  SentencePieceVocabulary vocabulary{
      .pieces = {}, .scores = {}, .kinds = {}, .adds_prefix = true, .collapses_spaces = true};
  uint64_t type = 1;  // unigram
  int64_t bos = 1;
  int64_t eos = 2;
};

Result<void> read_piece(std::string_view bytes, SentencePieceVocabulary& vocabulary) {
  ProtoReader reader(bytes);
  std::string_view piece;
  double score = 0;
  uint64_t kind = 1;
  while (const auto field = reader.next()) {
    if (field->number == 1) piece = field->bytes;
    if (field->number == 2) score = static_cast<double>(field->fixed);
    if (field->number == 3) kind = field->integer;
  }
  const size_t id = vocabulary.pieces.size();
  if (!reader.ok() || kind < 1 || kind > 6 || !is_valid_utf8(piece)) {
    return fail(ErrorCode::corrupt_data, fmt::format("piece {} is wrong", id));
  }
  if (static_cast<int64_t>(id) >= Vocabulary::maximum_size) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("there are more than {} pieces", Vocabulary::maximum_size));
  }
  vocabulary.pieces.push_back(piece);
  vocabulary.scores.push_back(score);
  vocabulary.kinds.push_back(static_cast<PieceKind>(kind));
  return {};
}

bool read_trainer(std::string_view bytes, Model& model) {
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 3) model.type = field->integer;
    if (field->number == 41) model.bos = static_cast<int32_t>(field->integer);
    if (field->number == 42) model.eos = static_cast<int32_t>(field->integer);
  }
  return reader.ok();
}

bool read_normalizer(std::string_view bytes, Model& model) {
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 2) model.vocabulary.character_map = field->bytes;
    if (field->number == 3) model.vocabulary.adds_prefix = field->integer != 0;
    if (field->number == 4) model.vocabulary.collapses_spaces = field->integer != 0;
  }
  return reader.ok();
}

Result<Model> read_model(std::string_view bytes) {
  Model model;
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) {
      if (Result<void> read = read_piece(field->bytes, model.vocabulary); !read) return fail(read.error());
    } else if (field->number == 2 || field->number == 3) {
      const bool good =
          field->number == 2 ? read_trainer(field->bytes, model) : read_normalizer(field->bytes, model);
      if (!good) return fail(ErrorCode::corrupt_data, "the settings are no protobuf message");
    }
  }
  if (!reader.ok()) return fail(ErrorCode::corrupt_data, "this is no protobuf message, or it is cut off");
  if (model.vocabulary.pieces.empty()) return fail(ErrorCode::corrupt_data, "there are no pieces");
  if (model.type != 1 && model.type != 2) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("a model of type {} is not supported, only unigram (1) and BPE (2)", model.type));
  }
  model.vocabulary.model = model.type == 1 ? PieceModel::unigram : PieceModel::bpe;
  return model;
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> parse_sentence_piece(std::string_view bytes) {
  const Result<Model> model = read_model(bytes);
  if (!model) return fail(model.error(), "tokenizer.model");
  TokenizerParts parts;
  add_marked_pieces(model->vocabulary, parts);
  if (Result<void> built = build_sentence_piece(model->vocabulary, parts); !built) {
    return fail(built.error(), "tokenizer.model");
  }
  const auto count = static_cast<int64_t>(model->vocabulary.pieces.size());
  if (model->bos >= 0 && model->bos < count) parts.bos = static_cast<TokenId>(model->bos);
  if (model->eos >= 0 && model->eos < count) {
    parts.eos = static_cast<TokenId>(model->eos);
    parts.end_tokens.push_back(*parts.eos);
  }
  parts.adds_bos = parts.bos.has_value();
  return ComposedTokenizer::make(std::move(parts));
}

}  // namespace shoal
