// Parses tokens into expressions by Jinja's grammar.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "templates/jinja/syntax.h"
#include "templates/jinja/token_stream.h"

namespace shoal::jinja {

// Each function takes what it parses from the tokens and throws Failure.
class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExpressionPointer parse_expression();
  // One expression, or a tuple of several with commas between. Without the conditional, an `if` ends it.
  ExpressionPointer parse_tuple(bool with_conditional);
  // What can be assigned to: name, name.attribute, or a tuple of these.
  ExpressionPointer parse_target();
  // `| filter`, `is test`, and calls of their results. A null value stands for the text of a filter block.
  ExpressionPointer parse_filters(ExpressionPointer value, bool starts_with_name = false);

 private:
  ExpressionPointer make(ExpressionKind kind) const;

  // From the operators that bind loosest to those that bind tightest.
  ExpressionPointer parse_or();
  ExpressionPointer parse_and();
  ExpressionPointer parse_not();
  ExpressionPointer parse_compare();
  std::string take_comparison();
  ExpressionPointer parse_sum();
  ExpressionPointer parse_concatenation();
  ExpressionPointer parse_product();
  ExpressionPointer parse_power();
  ExpressionPointer parse_unary_with_filters();
  ExpressionPointer parse_unary();
  ExpressionPointer parse_binary(std::initializer_list<std::string_view> operators,
                                 ExpressionPointer (ExpressionParser::*parse_operand)());
  void check_chain(const Expression& node);

  ExpressionPointer parse_primary();
  ExpressionPointer parse_name();
  ExpressionPointer parse_number();
  ExpressionPointer parse_parentheses();
  ExpressionPointer parse_list();
  ExpressionPointer parse_dict();

  ExpressionPointer parse_postfix(ExpressionPointer value);
  ExpressionPointer parse_attribute(ExpressionPointer value);
  ExpressionPointer parse_subscript(ExpressionPointer value);
  std::vector<Argument> parse_arguments();

  std::string parse_dotted_name();
  ExpressionPointer parse_filter(ExpressionPointer value);
  ExpressionPointer parse_test(ExpressionPointer value);

  TokenStream& tokens_;
};

}  // namespace shoal::jinja
