// Marks of thinking and calls as grammars have them: as special tokens where the vocabulary has such, else as
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

  // As a model writes it. A mark that ends the generation is no text.
  Expression mark(std::string_view written) const;
  // However its reader finds it: a model may also spell a special token's text.
  std::vector<Expression> readings(std::string_view written) const;
  // A text with marks in it. White space stands where some may be, ~ where a line must end, # for `number`, @
  // for `id`.
  Expression write(std::string_view pattern, const Expression& number = empty_text(),
                   const Expression& id = empty_text()) const;
  // One character, or a special token that a reader sees and that is none of these.
  Expression symbol_besides(const std::vector<std::string_view>& marks) const;

 private:
  std::vector<std::string_view> markup_;  // the longer ones first
  std::vector<std::string> special_;      // of them the special tokens
  std::vector<std::string> ends_;         // and of these what ends the generation
};

// Where some white space may be.
Expression some_space();

}  // namespace shoal
