// Runs a template's syntax tree over a context.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "templates/jinja/budget.h"
#include "templates/jinja/datum.h"
#include "templates/jinja/syntax.h"

namespace shoal::jinja {

// The names and values of a block; the evaluator searches the parents next. A scope in which a macro is
// defined lives as long as the evaluator.
struct Scope {
  Scope* parent = nullptr;
  bool kept = false;
  std::map<std::string, Datum, std::less<>> values;
};

class Evaluator {
 public:
  // `context` is an object; `program` must outlive the evaluator.
  Evaluator(const Block& program, const Value& context);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // Renders the template; called once. Throws Failure with a line.
  MarkedText run();

  // What filters, tests and methods use.
  Budget& budget() { return budget_; }
  Datum call(const Datum& callee, const Arguments& arguments);
  Datum apply_filter(std::string_view name, const Datum& value, const Arguments& arguments);
  bool apply_test(std::string_view name, const Datum& value, const Arguments& arguments);
  // value.name and value[key] as Jinja resolves them; undefined when there is none.
  Datum attribute(const Datum& value, std::string_view name);
  Datum item(const Datum& value, const Datum& key);
  std::shared_ptr<Space> new_space();

 private:
  enum class Flow : uint8_t { normal, stop, next };
  // Counts one level of nesting while it lives.
  class Level {
   public:
    explicit Level(Evaluator& evaluator);
    ~Level() { --evaluator_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Evaluator& evaluator_;
  };
  class ScopeGuard;
  struct Loop;

  Flow run_block(const Block& block);
  Flow run_statement(const Statement& statement);
  Flow run_branches(const Statement& statement);
  void run_loop(const Statement& statement, std::vector<Datum> items, int depth);
  std::vector<Datum> filter_items(const Statement& statement, std::vector<Datum> items);
  void run_call(const Statement& statement);
  void run_with(const Statement& statement);
  MarkedText capture(const Block& block);
  Datum make_macro(std::string name, const Statement& statement);
  Datum call_macro(const Statement& statement, Scope* scope, const Arguments& arguments);
  Datum loop_value(const Loop& loop, const Statement& statement, const std::shared_ptr<Space>& space);

  void assign(const Expression& target, Datum value);
  void define(std::string_view name, Datum value);
  const Datum* find(std::string_view name) const;
  void print(const MarkedText& text);

  Datum evaluate(const Expression& node);
  Datum evaluate_list(const Expression& node);
  Datum evaluate_attribute(const Expression& node);
  Datum evaluate_concatenation(const Expression& node);
  Datum evaluate_name(const Expression& node);
  Datum evaluate_dict(const Expression& node);
  Datum evaluate_item(const Expression& node);
  Datum evaluate_slice(const Datum& value, const Expression& slice);
  Datum evaluate_compare(const Expression& node);
  Datum evaluate_filter(const Expression& node, const Datum* block_value);
  Arguments evaluate_arguments(const std::vector<Argument>& arguments);

  const Block& program_;
  Budget budget_;
  int depth_ = 0;
  int line_ = 1;
  Scope globals_;
  Scope* scope_;
  std::vector<std::unique_ptr<Scope>> kept_scopes_;
  std::vector<std::shared_ptr<Space>> spaces_;
  MarkedText output_;
  int64_t output_limit_ = Budget::output_bytes;
};

// `left operation right` for + - * / // % **.
Datum compute(std::string_view operation, const Datum& left, const Datum& right, Budget& budget);
bool contains(const Datum& container, const Datum& value, Budget& budget);

// Defines range, namespace, dict, raise_exception, strftime_now …
void define_globals(Scope& globals);

// The method of a text, list or dict, bound to it; undefined when there is none of that name.
Datum find_method(const Datum& value, std::string_view name);
// Whether `name` is a method of Python's dict that Hugging Face's sandbox refuses because it changes the
// value.
bool changes_value(const Datum& value, std::string_view name);

using Filter = Datum (*)(Evaluator&, const Datum& value, const Arguments&);
using Test = bool (*)(Evaluator&, const Datum& value, const Arguments&);
Filter find_filter(std::string_view name);  // nullptr: unknown
Test find_test(std::string_view name);      // nullptr: unknown

// Python's 'text' % values and 'text'.format(values).
MarkedText format_percent(const MarkedText& format, const Datum& values, Budget& budget);
MarkedText format_braces(const MarkedText& format, const Arguments& values, Evaluator& evaluator);

// Formats the current time, or SHOAL_NOW, by strftime's codes.
std::string format_now(const std::string& format);

}  // namespace shoal::jinja
