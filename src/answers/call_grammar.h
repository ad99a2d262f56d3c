// Grammars of calls to a request's functions, as a model's family writes them and with arguments that fit
// their schemas: parts of an answer's grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "answers/answer_form.h"
#include "answers/mark_writer.h"
#include "grammar/grammar.h"

namespace shoal {

// A function, and how far its calls are held to its schema.
struct HeldFunction {
  std::string name;
  Value parameters;
  bool is_strict = false;  // its schema must be held as a whole, or the request is refused
  bool is_held = false;    // calls are held to its schema; else any arguments may come
};

// The tools that may be called. invalid_argument when `tools.functions` are not tools.
Result<std::vector<HeldFunction>> held_functions(const ToolUse& tools);

class CallGrammar {
 public:
  // All must outlive this. Rules are added to the builder.
  CallGrammar(const AnswerForm& form, const MarkWriter& marks, GrammarBuilder& builder);

  // invalid_argument names a strict function whose schema cannot be held.
  Result<void> add_functions(const std::vector<HeldFunction>& functions);

  // All calls of an answer, at least one.
  Expression section() const;
  // The rest of the section, when its `beginning` is there already.
  Expression section_behind(std::string_view beginning) const;
  // What follows an opener's marker: one call, or several if they are written as a list.
  Expression behind(const CallOpener& opener) const;
  // A call without a mark, or after a mark that counts only where the answer begins.
  Expression bare(const CallOpener& opener) const;
  // One call, with its name between the two expressions.
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
