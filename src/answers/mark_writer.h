// Writes the marks of thinking and calls for grammars: as special tokens if the vocabulary has them, else as
// text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "answers/call_format.h"
#include "grammar/expression.h"

namespace shoal {

class MarkWriter {
 public:
  MarkWriter(const AnswerStyle& format, const Tokenizer& tokenizer);

  // The mark as a model writes it. Empty for a mark that ends the generation, which is no text.
  Expression mark(std::string_view written) const;
  // All ways in which the reader recognises a mark: a model may spell out a special token's text.
  std::vector<Expression> readings(std::string_view written) const;
  // A text with marks in it. White space in `pattern` marks where some may be, ~ where a line must end, #
  // stands for `number`, @ for `id`.
  Expression write(std::string_view pattern, const Expression& number = empty_text(),
                   const Expression& id = empty_text()) const;
  // One character, or a special token that a reader sees and that is none of `marks`.
  Expression symbol_besides(const std::vector<std::string_view>& marks) const;

 private:
  std::vector<std::string_view> markup_;  // longer ones first
  std::vector<std::string> special_;      // those of markup_ that are special tokens
  std::vector<std::string> ends_;         // those of special_ that end the generation
};

// Optional white space.
Expression some_space();

}  // namespace shoal
