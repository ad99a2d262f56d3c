#include "templates/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "templates/jinja/integers.h"

namespace shoal::jinja {
namespace {

ExpressionPointer make_over(ExpressionKind kind, ExpressionPointer child) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = child->line;
  node->children.push_back(std::move(child));
  return node;
}

}  // namespace

ExpressionPointer ExpressionParser::make(ExpressionKind kind) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = tokens_.current().line;
  return node;
}

ExpressionPointer ExpressionParser::parse_target() {
  const TokenStream::Level level(tokens_);
  std::vector<ExpressionPointer> targets;
  bool several = false;
  do {
    if (tokens_.take_symbol("(")) {
      targets.push_back(parse_target());
      tokens_.expect_symbol(")");
      continue;
    }
    if (tokens_.current().type != TokenType::name || (several && tokens_.is_name("in"))) break;
    ExpressionPointer name = make(ExpressionKind::name);
    name->text = tokens_.expect_name();
    if (tokens_.take_symbol(".")) {
      ExpressionPointer attribute = make_over(ExpressionKind::attribute, std::move(name));
      attribute->text = tokens_.expect_name();
      name = std::move(attribute);
    }
    targets.push_back(std::move(name));
  } while (tokens_.take_symbol(",") && (several = true));
  if (targets.empty()) tokens_.reject_current("a name");
  if (!several) return std::move(targets.front());
  ExpressionPointer tuple = make(ExpressionKind::tuple);
  tuple->children = std::move(targets);
  return tuple;
}

ExpressionPointer ExpressionParser::parse_tuple(bool with_conditional) {
  const TokenStream::Level level(tokens_);
  const auto parse_item = [&] { return with_conditional ? parse_expression() : parse_or(); };
  ExpressionPointer first = parse_item();
  if (!tokens_.is_symbol(",")) return first;
  ExpressionPointer tuple = make(ExpressionKind::tuple);
  tuple->children.push_back(std::move(first));
  while (tokens_.take_symbol(",")) {
    const TokenType next = tokens_.current().type;
    if (next == TokenType::variable_end || next == TokenType::block_end || tokens_.is_symbol(")")) break;
    tuple->children.push_back(parse_item());
  }
  return tuple;
}

ExpressionPointer ExpressionParser::parse_expression() {
  const TokenStream::Level level(tokens_);
  ExpressionPointer value = parse_or();
  while (tokens_.is_name("if")) {
    ExpressionPointer conditional = make_over(ExpressionKind::conditional, std::move(value));
    tokens_.take();
    conditional->children.push_back(parse_or());
    conditional->children.push_back(tokens_.take_name("else") ? parse_expression() : nullptr);
    value = std::move(conditional);
  }
  return value;
}

ExpressionPointer ExpressionParser::parse_or() {
  ExpressionPointer left = parse_and();
  while (tokens_.is_name("or")) {
    left = make_over(ExpressionKind::disjunction, std::move(left));
    tokens_.take();
    left->children.push_back(parse_and());
    check_chain(*left);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_and() {
  ExpressionPointer left = parse_not();
  while (tokens_.is_name("and")) {
    left = make_over(ExpressionKind::conjunction, std::move(left));
    tokens_.take();
    left->children.push_back(parse_not());
    check_chain(*left);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_not() {
  if (!tokens_.is_name("not")) return parse_compare();
  const TokenStream::Level level(tokens_);
  ExpressionPointer negation = make(ExpressionKind::negate);
  tokens_.take();
  negation->children.push_back(parse_not());
  return negation;
}

// Empty when no comparison follows.
std::string ExpressionParser::take_comparison() {
  constexpr std::array<std::string_view, 6> operator_words = {"==", "!=", "<", "<=", ">", ">="};
  if (tokens_.current().type == TokenType::symbol &&
      std::ranges::find(operator_words, tokens_.current().text) != operator_words.end()) {
    return tokens_.take().text;
  }
  if (tokens_.take_name("in")) return "in";
  const Token& next = tokens_.ahead(1);
  if (!tokens_.is_name("not") || next.type != TokenType::name || next.text != "in") return {};
  tokens_.take();
  tokens_.take();
  return "not in";
}

ExpressionPointer ExpressionParser::parse_compare() {
  ExpressionPointer left = parse_sum();
  ExpressionPointer comparison;
  while (true) {
    std::string operation = take_comparison();
    if (operation.empty()) return comparison != nullptr ? std::move(comparison) : std::move(left);
    if (comparison == nullptr) comparison = make_over(ExpressionKind::compare, std::move(left));
    comparison->operators.push_back(std::move(operation));
    comparison->children.push_back(parse_sum());
  }
}

ExpressionPointer ExpressionParser::parse_binary(std::initializer_list<std::string_view> operators,
                                                 ExpressionPointer (ExpressionParser::*parse_operand)()) {
  ExpressionPointer left = (this->*parse_operand)();
  while (tokens_.current().type == TokenType::symbol &&
         std::ranges::find(operators, tokens_.current().text) != operators.end()) {
    left = make_over(ExpressionKind::binary, std::move(left));
    left->text = tokens_.take().text;
    left->children.push_back((this->*parse_operand)());
    check_chain(*left);
  }
  return left;
}

// A long chain of operators makes a deep tree without making the parser deep.
void ExpressionParser::check_chain(const Expression& node) {
  int depth = 0;
  for (const Expression* left = &node; left != nullptr && depth <= TokenStream::maximum_depth; ++depth) {
    const bool chained = left->kind == ExpressionKind::binary || left->kind == ExpressionKind::disjunction ||
                         left->kind == ExpressionKind::conjunction;
    left = chained ? left->children.front().get() : nullptr;
  }
  if (depth > TokenStream::maximum_depth) tokens_.reject("an expression has too many operators");
}

ExpressionPointer ExpressionParser::parse_sum() {
  return parse_binary({"+", "-"}, &ExpressionParser::parse_concatenation);
}

ExpressionPointer ExpressionParser::parse_concatenation() {
  ExpressionPointer left = parse_product();
  if (!tokens_.is_symbol("~")) return left;
  ExpressionPointer joined = make_over(ExpressionKind::concatenate, std::move(left));
  while (tokens_.take_symbol("~")) joined->children.push_back(parse_product());
  return joined;
}

ExpressionPointer ExpressionParser::parse_product() {
  return parse_binary({"*", "/", "//", "%"}, &ExpressionParser::parse_power);
}

ExpressionPointer ExpressionParser::parse_power() {
  return parse_binary({"**"}, &ExpressionParser::parse_unary_with_filters);
}

ExpressionPointer ExpressionParser::parse_unary_with_filters() { return parse_filters(parse_unary()); }

ExpressionPointer ExpressionParser::parse_unary() {
  const TokenStream::Level level(tokens_);
  if (tokens_.is_symbol("-") || tokens_.is_symbol("+")) {
    ExpressionPointer sign = make(tokens_.is_symbol("-") ? ExpressionKind::minus : ExpressionKind::plus);
    tokens_.take();
    sign->children.push_back(parse_unary());
    return parse_postfix(std::move(sign));
  }
  return parse_postfix(parse_primary());
}

ExpressionPointer ExpressionParser::parse_primary() {
  const Token& token = tokens_.current();
  switch (token.type) {
    case TokenType::name: return parse_name();
    case TokenType::string: {
      ExpressionPointer string = make(ExpressionKind::string);
      while (tokens_.current().type == TokenType::string) string->text += tokens_.take().text;
      return string;
    }
    case TokenType::integer:
    case TokenType::number: return parse_number();
    case TokenType::symbol:
      if (tokens_.is_symbol("(")) return parse_parentheses();
      if (tokens_.is_symbol("[")) return parse_list();
      if (tokens_.is_symbol("{")) return parse_dict();
      break;
    case TokenType::text:
    case TokenType::variable_begin:
    case TokenType::variable_end:
    case TokenType::block_begin:
    case TokenType::block_end:
    case TokenType::end: break;
  }
  tokens_.reject_current("a value");
}

ExpressionPointer ExpressionParser::parse_name() {
  ExpressionPointer node = make(ExpressionKind::name);
  node->text = tokens_.take().text;
  if (node->text == "true" || node->text == "True" || node->text == "false" || node->text == "False") {
    node->kind = ExpressionKind::boolean;
    node->integer = node->text == "true" || node->text == "True";
  } else if (node->text == "none" || node->text == "None") {
    node->kind = ExpressionKind::none;
  }
  return node;
}

ExpressionPointer ExpressionParser::parse_number() {
  const bool integer = tokens_.current().type == TokenType::integer;
  ExpressionPointer node = make(integer ? ExpressionKind::integer : ExpressionKind::number);
  const std::string digits = tokens_.take().text;
  if (!integer) {
    node->number = std::strtod(digits.c_str(), nullptr);
    return node;
  }
  const Datum value = parse_integer(digits, 0);
  if (value.is_undefined()) tokens_.reject(fmt::format("the number {} is wrong", digits));
  if (const int64_t* small = value.integer()) {
    node->integer = *small;
  } else {
    node->kind = ExpressionKind::big_integer;
    node->text = digits;
  }
  return node;
}

ExpressionPointer ExpressionParser::parse_parentheses() {
  ExpressionPointer tuple = make(ExpressionKind::tuple);
  tokens_.take();
  if (tokens_.take_symbol(")")) return tuple;
  ExpressionPointer inner = parse_tuple(/*with_conditional=*/true);
  tokens_.expect_symbol(")");
  return inner;
}

ExpressionPointer ExpressionParser::parse_list() {
  ExpressionPointer list = make(ExpressionKind::list);
  tokens_.take();
  while (!tokens_.take_symbol("]")) {
    if (!list->children.empty()) {
      tokens_.expect_symbol(",");
      if (tokens_.take_symbol("]")) break;
    }
    list->children.push_back(parse_expression());
  }
  return list;
}

ExpressionPointer ExpressionParser::parse_dict() {
  ExpressionPointer dict = make(ExpressionKind::dict);
  tokens_.take();
  while (!tokens_.take_symbol("}")) {
    if (!dict->children.empty()) {
      tokens_.expect_symbol(",");
      if (tokens_.take_symbol("}")) break;
    }
    dict->children.push_back(parse_expression());
    tokens_.expect_symbol(":");
    dict->children.push_back(parse_expression());
  }
  return dict;
}

ExpressionPointer ExpressionParser::parse_postfix(ExpressionPointer value) {
  for (int chain = 0;; ++chain) {
    if (chain > TokenStream::maximum_depth) tokens_.reject("an expression has too many parts");
    if (tokens_.is_symbol(".")) {
      value = parse_attribute(std::move(value));
    } else if (tokens_.is_symbol("[")) {
      value = parse_subscript(std::move(value));
    } else if (tokens_.is_symbol("(")) {
      value = make_over(ExpressionKind::call, std::move(value));
      value->arguments = parse_arguments();
    } else {
      return value;
    }
  }
}

ExpressionPointer ExpressionParser::parse_attribute(ExpressionPointer value) {
  tokens_.take();
  if (tokens_.current().type == TokenType::integer) {
    value = make_over(ExpressionKind::item, std::move(value));
    value->children.push_back(parse_number());
    return value;
  }
  value = make_over(ExpressionKind::attribute, std::move(value));
  value->text = tokens_.expect_name();
  return value;
}

ExpressionPointer ExpressionParser::parse_subscript(ExpressionPointer value) {
  value = make_over(ExpressionKind::item, std::move(value));
  tokens_.take();
  ExpressionPointer index = tokens_.is_symbol(":") ? nullptr : parse_expression();
  if (tokens_.is_symbol(":")) {
    ExpressionPointer slice = make(ExpressionKind::slice);
    slice->children.push_back(std::move(index));
    while (slice->children.size() < 3) {
      if (tokens_.take_symbol(":") && !tokens_.is_symbol("]") && !tokens_.is_symbol(":")) {
        slice->children.push_back(parse_expression());
      } else {
        slice->children.push_back(nullptr);
      }
    }
    index = std::move(slice);
  }
  tokens_.expect_symbol("]");
  value->children.push_back(std::move(index));
  return value;
}

std::vector<Argument> ExpressionParser::parse_arguments() {
  const TokenStream::Level level(tokens_);
  std::vector<Argument> arguments;
  tokens_.expect_symbol("(");
  while (!tokens_.take_symbol(")")) {
    if (!arguments.empty()) {
      tokens_.expect_symbol(",");
      if (tokens_.take_symbol(")")) break;
    }
    Argument argument{.kind = Argument::Kind::positional, .name = {}, .value = nullptr};
    if (tokens_.take_symbol("*")) {
      argument.kind = Argument::Kind::spread_list;
    } else if (tokens_.take_symbol("**")) {
      argument.kind = Argument::Kind::spread_dict;
    } else if (tokens_.current().type == TokenType::name && tokens_.ahead(1).type == TokenType::symbol &&
               tokens_.ahead(1).text == "=") {
      argument.kind = Argument::Kind::named;
      argument.name = tokens_.take().text;
      tokens_.take();
    } else if (!arguments.empty() && arguments.back().kind != Argument::Kind::positional) {
      tokens_.reject("a positional argument follows a named one");
    }
    argument.value = parse_expression();
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

ExpressionPointer ExpressionParser::parse_filters(ExpressionPointer value, bool starts_with_name) {
  for (int chain = 0;; ++chain) {
    if (chain > TokenStream::maximum_depth) tokens_.reject("an expression has too many filters");
    if (starts_with_name || tokens_.is_symbol("|")) {
      if (!starts_with_name) tokens_.take();
      starts_with_name = false;
      value = parse_filter(std::move(value));
    } else if (value != nullptr && tokens_.is_name("is")) {
      value = parse_test(std::move(value));
    } else if (value != nullptr && tokens_.is_symbol("(")) {
      value = make_over(ExpressionKind::call, std::move(value));
      value->arguments = parse_arguments();
    } else {
      return value;
    }
  }
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = tokens_.expect_name();
  while (tokens_.take_symbol(".")) {
    name += '.';
    name += tokens_.expect_name();
  }
  return name;
}

ExpressionPointer ExpressionParser::parse_filter(ExpressionPointer value) {
  ExpressionPointer filter = make(ExpressionKind::filter);
  filter->children.push_back(std::move(value));
  filter->text = parse_dotted_name();
  if (tokens_.is_symbol("(")) filter->arguments = parse_arguments();
  return filter;
}

ExpressionPointer ExpressionParser::parse_test(ExpressionPointer value) {
  ExpressionPointer test = make_over(ExpressionKind::test, std::move(value));
  tokens_.take();
  const bool negated = tokens_.take_name("not");
  test->text = parse_dotted_name();
  constexpr std::array<std::string_view, 4> after_test = {"else", "or", "and", "is"};
  const Token& next = tokens_.current();
  const bool is_value =
      next.type == TokenType::string || next.type == TokenType::integer || next.type == TokenType::number ||
      tokens_.is_symbol("[") || tokens_.is_symbol("{") ||
      (next.type == TokenType::name && std::ranges::find(after_test, next.text) == after_test.end() &&
       next.text != "if" && next.text != "in" && next.text != "not" && next.text != "recursive");
  if (tokens_.is_symbol("(")) {
    test->arguments = parse_arguments();
  } else if (is_value) {
    test->arguments.push_back({Argument::Kind::positional, {}, parse_postfix(parse_primary())});
  }
  return negated ? make_over(ExpressionKind::negate, std::move(test)) : std::move(test);
}

}  // namespace shoal::jinja
