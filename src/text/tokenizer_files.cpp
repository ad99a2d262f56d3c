#include "text/tokenizer_files.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/os.h"

namespace shoal {
namespace {

Result<std::unique_ptr<ComposedTokenizer>> parse_file(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("GGUF")) {
    Result<GgufFile> file = parse_gguf(bytes);
    if (!file) return fail(file.error());
    return parse_tokenizer_gguf(*file);
  }
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    const bool tekken = text.substr(0, 4096).find("\"default_num_special_tokens\"") != std::string_view::npos;
    return tekken ? parse_tekken(text) : parse_tokenizer_json(text);
  }
  // The first field of a SentencePiece model is a piece; a line of tiktoken is base64, a space and a number.
  if (text.starts_with('\n')) return parse_sentence_piece(text);
  const std::string_view line = text.substr(0, std::min<size_t>(text.find('\n'), 256));
  const size_t space = line.find(' ');
  const bool tiktoken = space != std::string_view::npos && space > 0 &&
                        line.substr(space + 1).find_first_not_of("0123456789\r") == std::string_view::npos;
  if (tiktoken) return parse_tiktoken(text);
  return fail(
      ErrorCode::invalid_argument,
      "this is no tokenizer file: neither GGUF, tokenizer.json, tekken.json, tiktoken nor SentencePiece");
}

// The tokenizer of a folder, the most complete first.
std::filesystem::path find_in_folder(const std::filesystem::path& folder) {
  for (const char* name : {"tokenizer.json", "tekken.json", "tiktoken.model", "tokenizer.model"}) {
    if (exists(folder / name)) return folder / name;
  }
  return folder / "tokenizer.json";
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path) {
  std::filesystem::path file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) file = find_in_folder(path);
  Result<os::MappedFile> mapped = os::MappedFile::open(file);
  if (!mapped) return fail(mapped.error());
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = parse_file(mapped->bytes());
  if (!tokenizer) return fail(tokenizer.error(), file.string());
  return tokenizer;
}

Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path) {
  Result<std::unique_ptr<ComposedTokenizer>> tokenizer = load_composed_tokenizer(path);
  if (!tokenizer) return fail(tokenizer.error());
  return std::move(*tokenizer);
}

}  // namespace shoal
