// The tokens of a template, the parser's place in them, and how deep the parser is nested.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "templates/jinja/lexer.h"

namespace shoal::jinja {

class TokenStream {
 public:
  static constexpr int maximum_depth = 150;

  // Counts how deep the parser is, so that no source can overflow the stack.
  class Level {
   public:
    explicit Level(TokenStream& tokens) : tokens_(tokens) {
      if (++tokens_.depth_ > maximum_depth) tokens_.reject("nested too deep");
    }
    ~Level() { --tokens_.depth_; }
    Level(const Level&) = delete;

   private:
    TokenStream& tokens_;
  };

  // `tokens` must end with one of type end, which is never passed.
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead(size_t count) const { return tokens_[std::min(at_ + count, tokens_.size() - 1)]; }
  Token take() {
    Token token = tokens_[at_];
    if (token.type != TokenType::end) ++at_;
    return token;
  }
  bool is_symbol(std::string_view symbol) const {
    return current().type == TokenType::symbol && current().text == symbol;
  }
  bool is_name(std::string_view name) const {
    return current().type == TokenType::name && current().text == name;
  }
  bool take_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    take();
    return true;
  }
  bool take_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }

  void expect_symbol(std::string_view symbol);
  std::string expect_name();
  void expect_block_end();

  // These throw Failure with the current token's line; reject_current says what was expected instead of that
  // token.
  [[noreturn]] void reject(std::string message) const;
  [[noreturn]] void reject_current(std::string_view expected) const;

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace shoal::jinja
