// Splits a template's source into tokens; trim_blocks and lstrip_blocks have already removed white space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::jinja {

enum class TokenType : uint8_t {
  text,            // what is between the tags
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
  std::string text;  // for a string, its value without quotes and escapes
  int line;
};

// Ends with a token of type end. Throws Failure.
std::vector<Token> tokenize(std::string_view source);

}  // namespace shoal::jinja
