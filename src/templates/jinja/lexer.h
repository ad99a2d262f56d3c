// A template's source → tokens, with the white space already taken away as trim_blocks and lstrip_blocks say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::jinja {

enum class TokenType : uint8_t {
  text,            // between the tags
  variable_begin,  // {{
  variable_end,
  block_begin,  // {%
  block_end,
  name,
  string,
  integer,
  number,
  symbol,  // an operator or a bracket
  end,
};

struct Token {
  TokenType type;
  std::string text;  // of a string: its value
  int line;
};

// Ends with a token of type end. Throws Failure.
std::vector<Token> tokenize(std::string_view source);

}  // namespace shoal::jinja
