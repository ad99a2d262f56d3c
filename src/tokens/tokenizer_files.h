// Reads every kind of tokenizer file. The parse_ functions are pure and check all that they use; they fail
// with corrupt_data, or invalid_argument for what is not supported.
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

// A bare tiktoken vocabulary, which carries neither pattern nor special tokens. The number of its ranks tells
// the family (cl100k, o200k, llama 3, llama 4, kimi) unless `pattern` names one; an unknown family is an
// error. `named` are special tokens that the model's other files name differently than the family; all others
// keep the family's names.
Result<std::unique_ptr<ComposedTokenizer>> parse_tiktoken(std::string_view text,
                                                          std::string_view pattern = {},
                                                          const std::vector<AddedToken>& named = {});

// Mistral's tekken.json.
Result<std::unique_ptr<ComposedTokenizer>> parse_tekken(std::string_view json);

// As load_tokenizer, for callers that still add what other files say.
Result<std::unique_ptr<ComposedTokenizer>> load_composed_tokenizer(const std::filesystem::path& path,
                                                                   std::string_view pattern = {});

// Loads any of these files, or the one in a model folder. `pattern` is for a tiktoken vocabulary; with any
// other file it is an error.
Result<std::unique_ptr<const Tokenizer>> load_tokenizer(const std::filesystem::path& path,
                                                        std::string_view pattern = {});

}  // namespace shoal
