#include "templates/jinja/token_stream.h"

#include "templates/jinja/failure.h"

namespace shoal::jinja {
namespace {

std::string shown(const Token& token) {
  switch (token.type) {
    case TokenType::text: return "text";
    case TokenType::variable_begin: return "'{{'";
    case TokenType::variable_end: return "'}}'";
    case TokenType::block_begin: return "'{%'";
    case TokenType::block_end: return "'%}'";
    case TokenType::string: return "a string";
    case TokenType::end: return "the end of the template";
    case TokenType::name:
    case TokenType::integer:
    case TokenType::number:
    case TokenType::symbol: return "'" + token.text + "'";
  }
  return {};
}

}  // namespace

void TokenStream::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) reject_current(fmt::format("'{}'", symbol));
}

std::string TokenStream::expect_name() {
  if (current().type != TokenType::name) reject_current("a name");
  return take().text;
}

void TokenStream::expect_block_end() {
  if (current().type != TokenType::block_end) reject_current("'%}'");
  take();
}

void TokenStream::reject(std::string message) const { throw Failure{std::move(message), current().line}; }

void TokenStream::reject_current(std::string_view expected) const {
  reject(fmt::format("expected {}, not {}", expected, shown(current())));
}

}  // namespace shoal::jinja
