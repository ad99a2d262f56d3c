// shoal tokenize MODEL|TOKENIZER --file F, and the reverse, shoal detokenize.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <system_error>

#include "base/os.h"
#include "cli/commands.h"
#include "cli/json_files.h"
#include "store/model_store.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

struct TokenizeOptions {
  std::string model;
  std::string file;
  std::string pattern;
  bool special = false;
};

// Also finds a tokenizer's file or folder that is no whole model.
Result<std::unique_ptr<const Tokenizer>> find_tokenizer(const TokenizeOptions& options) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  const auto found = store->find_model(options.model);
  std::error_code error;
  if (std::filesystem::exists(options.model, error)) {
    auto tokenizer = load_tokenizer(options.model, options.pattern);
    if (tokenizer || !found) return tokenizer;  // otherwise something here only has a model's name
  }
  if (!found) return fail(found.error());
  return load_tokenizer(*found, options.pattern);
}

SpecialTokens special_tokens(const TokenizeOptions& options) {
  return options.special ? SpecialTokens::parse : SpecialTokens::as_text;
}

Result<void> run_tokenize(const TokenizeOptions& options) {
  Result<std::string> text = options.file.empty() ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                                  : os::read_text_file(options.file);
  if (!text) return fail(text.error());
  auto tokenizer = find_tokenizer(options);
  if (!tokenizer) return fail(tokenizer.error());
  const TextRange all{0, static_cast<int64_t>(text->size())};
  const std::span<const TextRange> literal(&all, options.special ? 0 : 1);
  const auto encoded = (*tokenizer)->encode_bounded(*text, literal, no_token_limit);
  if (!encoded) return fail(encoded.error());
  fmt::print("[{}]\n", fmt::join(encoded->ids, ", "));
  return {};
}

Result<void> run_detokenize(const TokenizeOptions& options) {
  auto tokens = read_token_file(options.file.empty() ? "/dev/stdin" : options.file);
  if (!tokens) return fail(tokens.error());
  auto tokenizer = find_tokenizer(options);
  if (!tokenizer) return fail(tokenizer.error());
  for (TokenId token : *tokens) {
    if (token < (*tokenizer)->vocabulary_size()) continue;
    return fail(ErrorCode::invalid_argument, fmt::format("token {} is outside of the vocabulary of {}", token,
                                                         (*tokenizer)->vocabulary_size()));
  }
  const std::string text = (*tokenizer)->decode(*tokens, special_tokens(options));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

void add_pattern_option(CLI::App& command, TokenizeOptions& options) {
  command.add_option("--pattern", options.pattern,
                     "whose pattern cuts the text, for a bare tiktoken vocabulary: cl100k, o200k, llama3, "
                     "llama4 or kimi (default: by the number of ranks)");
}

}  // namespace

void add_tokenize_command(CommandSet& commands) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = commands.root.add_subcommand("tokenize", "text to token ids, as a JSON array");
  command->add_option("model", options->model, "model, or a tokenizer file")->required();
  command->add_option("--file", options->file, "text (default: standard input)");
  command->add_flag("--special", options->special,
                    "special tokens written out in the text become those tokens");
  add_pattern_option(*command, *options);
  command->callback([options, &commands] { commands.chosen = [options] { return run_tokenize(*options); }; });
}

void add_detokenize_command(CommandSet& commands) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = commands.root.add_subcommand("detokenize", "token ids to text");
  command->add_option("model", options->model, "model, or a tokenizer file")->required();
  command->add_option("--file,--ids", options->file,
                      "JSON file with an array of token ids (default: standard input)");
  command->add_flag("--special", options->special, "special tokens are written out instead of left out");
  command->callback(
      [options, &commands] { commands.chosen = [options] { return run_detokenize(*options); }; });
}

}  // namespace shoal
