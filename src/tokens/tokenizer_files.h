// Every kind of tokenizer file → a tokenizer. The parse_ functions are pure and check all that they use.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "files/gguf.h"
#include "tokens/composed_tokenizer.h"

namespace shoal {

// Hugging Face's tokenizer.json.
Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_json(std::string_view json);

// The vocabulary in a GGUF file's metadata (tokenizer.ggml.…).
Result<std::unique_ptr<ComposedTokenizer>> parse_tokenizer_gguf(const GgufFile& file);

// SentencePiece's tokenizer.model, BPE or unigram.
Result<std::unique_ptr<ComposedTokenizer>> parse_sentence_piece(std::string_view model);

// A bare tiktoken vocabulary. It carries neither pattern nor special tokens; the number of its ranks says
// whose it is (cl100k, o200k, llama 3, llama 4, kimi), unless `pattern` names one of these. An unknown one is
// an error. `named` are special tokens that the model's other files call otherwise than the family does;
// those that they leave out are the family's.
Result<std::unique_ptr<ComposedTokenizer>> parse_tiktoken(std::string_view text,
                                                          std::string_view pattern = {},
                                                          const std::vector<AddedToken>& named = {});

// Mistral's tekken.json.
Result<std::unique_ptr<ComposedTokenizer>> parse_tekken(std::string_view json);

// As load_tokenizer, for those who still have to say what other files know.
Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path,
                                                                   std::string_view pattern = {});

// Any of these files, or a model folder. `pattern` is for a tiktoken vocabulary; with any other file it is an
// error.
Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path,
                                                        std::string_view pattern = {});

}  // namespace shoal
