// Every kind of tokenizer file → a tokenizer. The parse_ functions are pure and check all that they use.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "files/gguf.h"
#include "text/composed_tokenizer.h"

namespace shoal {

// Hugging Face's tokenizer.json.
Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_json(std::string_view json);

// The vocabulary in a GGUF file's metadata (tokenizer.ggml.…).
Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_gguf(const GgufFile& file);

// As load_tokenizer, for those who still have to say what other files know.
Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path);

// A GGUF file, a tokenizer.json, or a model folder.
Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path);

}  // namespace shoal
