// Calls of a request's functions, as a model's family writes them, with arguments that fit their schemas:
// parts of an answer's grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "answers/answer_form.h"
#include "answers/mark_writer.h"
#include "grammar/grammar.h"

namespace shoal {

// A function as far as its calls are held to something.
struct HeldFunction {
  std::string name;
  Value parameters;
  bool is_strict = false;  // its schema must be one that can be held
  bool is_held = false;    // to its schema; else its arguments may be any
};

// Of the tools those that may be called. invalid_argument where they are no tools.
Result<std::vector<HeldFunction>> held_functions(const ToolUse& tools);

class CallGrammar {
 public:
  // All outlive this. Adds rules to the builder.
  CallGrammar(const AnswerForm& form, const MarkWriter& marks, GrammarBuilder& builder);

  // invalid_argument that names a function whose schema cannot be held but must be.
  Result<void> add_functions(const std::vector<HeldFunction>& functions);

  // All calls of an answer, at least one.
  Expression section() const;
  // What follows of the section where its beginning stands already.
  Expression section_behind(std::string_view beginning) const;
  // What follows an opener's marker: a call, or several where they are in one list.
  Expression behind(const CallOpener& opener) const;
  // A call without a mark, or behind one that counts only where the answer begins.
  Expression bare(const CallOpener& opener) const;
  // One call with its name between these two.
  Expression named(const Expression& before_name, const Expression& after_name) const;

 private:
  Result<int32_t> arguments_rule(const HeldFunction& function);
  Expression calls(std::string_view before_first_name) const;
  Expression call_rest(const CallWriting& writing, const Expression& number) const;
  Expression optional_id() const;

  const AnswerForm& form_;
  const CallFormat& format_;
  const MarkWriter& marks_;
  GrammarBuilder& builder_;
  std::vector<std::pair<std::string, int32_t>> functions_;  // name, rule of the arguments
};

}  // namespace shoal
