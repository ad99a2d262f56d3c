#include "tokens/tokenizer_files.h"

#include <fmt/format.h>

#include <charconv>

#include "base/byte_order_mark.h"
#include "base/os.h"
#include "files/python_json.h"
#include "json/value.h"

namespace shoal {
namespace {

enum class FileKind : uint8_t { gguf, tokenizer_json, tekken, sentence_piece, tiktoken };

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<FileKind> kind_of(std::string_view text) {
  if (text.starts_with("GGUF")) return FileKind::gguf;
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    const bool tekken = text.substr(0, 4096).find("\"default_num_special_tokens\"") != std::string_view::npos;
    return tekken ? FileKind::tekken : FileKind::tokenizer_json;
  }
  // A SentencePiece model begins with the field of a piece; a line of tiktoken is base64, a space and a
  // number.
  if (text.starts_with('\n')) return FileKind::sentence_piece;
  const std::string_view line = text.substr(0, std::min<size_t>(text.find('\n'), 256));
  const size_t space = line.find(' ');
  const bool tiktoken = space != std::string_view::npos && space > 0 &&
                        line.substr(space + 1).find_first_not_of("0123456789\r") == std::string_view::npos;
  if (tiktoken) return FileKind::tiktoken;
  return fail(
      ErrorCode::invalid_argument,
      "this is no tokenizer file: neither GGUF, tokenizer.json, tekken.json, tiktoken nor SentencePiece");
}

// The special tokens in the tokenizer_config.json beside the vocabulary; none when that is missing.
Result<std::vector<AddedToken>> read_named_tokens(const std::filesystem::path& config) {
  std::vector<AddedToken> named;
  std::error_code ignored;
  if (!std::filesystem::exists(config, ignored)) return named;
  const Result<std::string> text = os::read_text_file(config);
  if (!text) return fail(text.error());
  const Result<Value> value = parse_json(plain_json(*text));
  if (!value) return fail(value.error(), config.string());
  const Value* tokens = value->find("added_tokens_decoder");
  if (tokens == nullptr || tokens->object() == nullptr) return named;
  for (const auto& [id, token] : *tokens->object()) {
    const Value* content = token.find("content");
    const Value* special = token.find("special");
    AddedToken added{.id = -1, .content = ""};
    std::from_chars(id.data(), id.data() + id.size(), added.id);
    if (added.id < 0 || content == nullptr || content->text() == nullptr) {
      return fail(ErrorCode::corrupt_data,
                  fmt::format("{}: added_tokens_decoder has a wrong entry '{}'", config.string(), id));
    }
    added.content = *content->text();
    added.special = special != nullptr && special->boolean() != nullptr && *special->boolean();
    named.push_back(std::move(added));
  }
  return named;
}

Result<std::unique_ptr<ComposedTokenizer>> parse_file(std::span<const std::byte> bytes,
                                                      const std::filesystem::path& file,
                                                      std::string_view pattern) {
  const std::string_view text = without_byte_order_mark(text_of(bytes));
  const Result<FileKind> kind = kind_of(text);
  if (!kind) return fail(kind.error());
  if (!pattern.empty() && *kind != FileKind::tiktoken) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the pattern '{}' is only for a bare tiktoken vocabulary", pattern));
  }
  switch (*kind) {
    case FileKind::gguf: {
      Result<GgufFile> parsed = parse_gguf(bytes);
      if (!parsed) return fail(parsed.error());
      return parse_tokenizer_gguf(*parsed);
    }
    case FileKind::tokenizer_json: return parse_tokenizer_json(text);
    case FileKind::tekken: return parse_tekken(text);
    case FileKind::sentence_piece: return parse_sentence_piece(text);
    case FileKind::tiktoken: {
      const Result<std::vector<AddedToken>> named =
          read_named_tokens(file.parent_path() / "tokenizer_config.json");
      if (!named) return fail(named.error());
      return parse_tiktoken(text, pattern, *named);
    }
  }
  return fail(ErrorCode::internal, "an unknown kind of file");
}

// The tokenizer file of a folder; the most complete kind comes first.
std::filesystem::path find_in_folder(const std::filesystem::path& folder) {
  for (const char* name : {"tokenizer.json", "tekken.json", "tiktoken.model", "tokenizer.model"}) {
    if (exists(folder / name)) return folder / name;
  }
  return folder / "tokenizer.json";
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path,
                                                                   std::string_view pattern) {
  std::filesystem::path file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) file = find_in_folder(path);
  Result<os::MappedFile> mapped = os::MappedFile::open(file);
  if (!mapped) return fail(mapped.error());
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = parse_file(mapped->bytes(), file, pattern);
  if (!tokenizer) return fail(tokenizer.error(), file.string());
  return tokenizer;
}

Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path,
                                                        std::string_view pattern) {
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = load_composed_tokenizer(path, pattern);
  if (!tokenizer) return fail(tokenizer.error());
  return std::move(*tokenizer);
}

}  // namespace shoal
