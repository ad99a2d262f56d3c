// Writes JSON's values, and texts that automata describe, as JSON or in an argument's notation.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "grammar/argument_notation.h"
#include "grammar/grammar.h"
#include "json/value.h"

namespace shoal {

// Each with the white space that may surround it.
struct Punctuation {
  Expression open_array, close_array, open_object, close_object, comma, colon;
};

class ValueWriter {
 public:
  // nullptr as notation means JSON. Both must outlive this.
  ValueWriter(GrammarBuilder& builder, const ArgumentNotation* notation)
      : builder_(builder), notation_(notation) {}

  bool is_python() const { return notation_ != nullptr && notation_->values == ValueNotation::python; }

  Expression literal(const Value& value) const;
  // A text in quotes, of every kind that the notation has.
  Expression quoted(std::string_view text) const;
  Result<Expression> quoted(const Dfa& contents);
  // Any text of `least` to `most` characters, with any escapes.
  Result<Expression> any_text(int64_t least, int64_t most);

  // never when the automaton matches nothing.
  Expression terminal(Dfa dfa);
  const Punctuation& punctuation();

 private:
  Result<Dfa> without_text_end(const Dfa& strings);
  Result<void> leave_out_text_end(Terminal& made);
  Expression own(const std::string& pattern);

  GrammarBuilder& builder_;
  const ArgumentNotation* const notation_;
  std::map<std::pair<int64_t, int64_t>, Expression> texts_;  // by least and most length
  bool has_punctuation_ = false;
  Punctuation punctuation_;
};

}  // namespace shoal
