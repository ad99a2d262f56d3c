// A tokenizer put together from parts: added tokens, normaliser, pre-tokenizer, model. Every file format is
// read into these parts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokens/added_tokens.h"
#include "tokens/least_token_count.h"
#include "tokens/normalizer.h"
#include "tokens/piece_map.h"
#include "tokens/pre_tokenizer.h"
#include "tokens/token_model.h"
#include "tokens/tokenizer.h"
#include "tokens/vocabulary.h"

namespace shoal {

struct TokenizerParts {
  Vocabulary vocabulary;
  std::vector<AddedToken> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<const TokenModel> model;
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  bool adds_bos = false;
  bool drops_first_space = false;
  std::vector<TokenId> end_tokens;
  std::string makers_version;
};

class ComposedTokenizer final : public Tokenizer {
 public:
  // corrupt_data when an added token has no content or shares its id with another one.
  static Result<std::unique_ptr<ComposedTokenizer>> make(TokenizerParts parts);

  std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const override;
  std::vector<TokenId> encode_rendered(std::string_view text,
                                       std::span<const TextRange> literal) const override;
  Result<BoundedTokens> encode_bounded(std::string_view text, std::span<const TextRange> literal,
                                       int64_t token_limit) const override;
  std::string_view token_bytes(TokenId token) const override { return vocabulary_.bytes(token); }
  bool is_special(TokenId token) const override { return vocabulary_.is_special(token); }
  int64_t vocabulary_size() const override { return vocabulary_.size(); }
  std::optional<TokenId> find_token(std::string_view written) const override;
  std::optional<TokenId> bos() const override { return bos_; }
  bool adds_bos() const override { return adds_bos_; }
  const std::vector<TokenId>& end_tokens() const override { return end_tokens_; }
  bool drops_first_space() const override { return drops_first_space_; }

  std::string_view makers_version() const override { return makers_version_; }

  std::optional<TokenId> eos() const { return eos_; }
  // For what other files of the model say; called before the tokenizer is shared between threads.
  void set_bos(std::optional<TokenId> bos, bool adds_bos);
  void set_eos(std::optional<TokenId> eos) { eos_ = eos; }
  void set_end_tokens(std::vector<TokenId> end_tokens);

 private:
  explicit ComposedTokenizer(TokenizerParts parts, std::vector<AddedToken> raw,
                             std::vector<AddedToken> normalized);
  struct Work;
  void encode_any(std::string_view text, std::span<const TextRange> literal, Work& work) const;
  void encode_valid(std::string_view text, std::span<const TextRange> literal, Work& work) const;
  void encode_chunk(std::string_view chunk, TextRange range, std::span<const TextRange> literal,
                    Work& work) const;
  // Whether `text` must push the ids past the limit, judged before it is tokenised.
  bool is_too_long(std::string_view text, Work& work) const;
  void encode_plain(std::string text, bool begins_input, Work& work) const;

  Vocabulary vocabulary_;
  AddedTokenMatcher raw_added_;         // looked for in the unchanged text
  AddedTokenMatcher normalized_added_;  // looked for in the normalised text
  PieceMap written_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<const TokenModel> model_;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
  bool adds_bos_;
  bool drops_first_space_;
  std::string makers_version_;
  std::vector<TokenId> end_tokens_;
  LeastTokenCount least_count_;
};

}  // namespace shoal
