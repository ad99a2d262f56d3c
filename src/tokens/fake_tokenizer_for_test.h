// A tokenizer whose vocabulary a test writes down; for tests only.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tokens/tokenizer.h"

namespace shoal {

class FakeTokenizer final : public Tokenizer {
 public:
  explicit FakeTokenizer(std::vector<std::string> tokens, std::set<TokenId> special = {},
                         std::vector<TokenId> end_tokens = {})
      : tokens_(std::move(tokens)), special_(std::move(special)), end_tokens_(std::move(end_tokens)) {}

  // One token for each byte that is a token; other bytes are dropped.
  std::vector<TokenId> encode(std::string_view text, SpecialTokens) const override {
    std::vector<TokenId> ids;
    for (const char byte : text) {
      if (const auto id = find_token({&byte, 1})) ids.push_back(*id);
    }
    return ids;
  }
  std::string_view token_bytes(TokenId token) const override {
    return token >= 0 && token < vocabulary_size() ? tokens_[static_cast<size_t>(token)] : std::string_view();
  }
  bool is_special(TokenId token) const override { return special_.contains(token); }
  int64_t vocabulary_size() const override { return static_cast<int64_t>(tokens_.size()); }
  std::optional<TokenId> find_token(std::string_view written) const override {
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i] == written) return static_cast<TokenId>(i);
    }
    return std::nullopt;
  }
  std::optional<TokenId> bos() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  const std::vector<TokenId>& end_tokens() const override { return end_tokens_; }
  bool drops_first_space() const override { return drops_first_space_; }

  std::string_view makers_version() const override { return makers_version_; }

  bool drops_first_space_ = false;
  std::string makers_version_;

 private:
  std::vector<std::string> tokens_;
  std::set<TokenId> special_;
  std::vector<TokenId> end_tokens_;
};

}  // namespace shoal
