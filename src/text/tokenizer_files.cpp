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
  if (text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
      text[text.find_first_not_of(" \t\r\n")] == '{') {
    return parse_tokenizer_json(text);
  }
  return fail(ErrorCode::invalid_argument, "this is no tokenizer file: neither GGUF nor tokenizer.json");
}

}  // namespace

Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path) {
  std::filesystem::path file = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) file = path / "tokenizer.json";
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
