#include "text/jinja/parser.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "text/jinja/failure.h"
#include "text/jinja/lexer.h"

namespace shoal::jinja {
namespace {

constexpr int kMaximumDepth = 150;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Block run() {
    Block block = parse_block({});
    if (current().type != TokenType::end) reject("an unexpected end tag");
    return block;
  }

 private:
  // Counts how deep the parser is, so that no source can overflow the stack.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaximumDepth) parser_.reject("nested too deep");
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;

   private:
    Parser& parser_;
  };

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead(size_t count) const { return tokens_[std::min(at_ + count, tokens_.size() - 1)]; }
  Token take() {
    Token token = tokens_[at_];
    if (token.type != TokenType::end) ++at_;
    return token;
  }
  bool is_symbol(std::string_view symbol) const {
    return current().type == TokenType::symbol && current().text == symbol;
  }
  bool is_name(std::string_view name) const {
    return current().type == TokenType::name && current().text == name;
  }
  bool take_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    take();
    return true;
  }
  bool take_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }
  void expect_symbol(std::string_view symbol) {
    if (!take_symbol(symbol)) reject(fmt::format("expected '{}', not {}", symbol, shown(current())));
  }
  std::string expect_name() {
    if (current().type != TokenType::name) reject(fmt::format("expected a name, not {}", shown(current())));
    return take().text;
  }
  void expect_block_end() {
    if (current().type != TokenType::block_end)
      reject(fmt::format("expected '%}}', not {}", shown(current())));
    take();
  }
  [[noreturn]] void reject(std::string message) const { throw Failure{std::move(message), current().line}; }

  static std::string shown(const Token& token) {
    switch (token.type) {
      case TokenType::text: return "text";
      case TokenType::variable_begin: return "'{{'";
      case TokenType::variable_end: return "'}}'";
      case TokenType::block_begin: return "'{%'";
      case TokenType::block_end: return "'%}'";
      case TokenType::string: return "a string";
      case TokenType::end: return "the end of the template";
      case TokenType::name:
      case TokenType::integer:
      case TokenType::number:
      case TokenType::symbol: return "'" + token.text + "'";
    }
    return {};
  }

  ExpressionPointer make(ExpressionKind kind) const {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = current().line;
    return node;
  }
  static ExpressionPointer make_over(ExpressionKind kind, ExpressionPointer child) {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = child->line;
    node->children.push_back(std::move(child));
    return node;
  }

  // Statements up to a tag that starts with one of `ends`, which stays; its '{%' is taken.
  Block parse_block(const std::vector<std::string_view>& ends) {
    const Level level(*this);
    Block block;
    while (true) {
      const Token& token = current();
      if (token.type == TokenType::end) {
        if (!ends.empty()) reject(fmt::format("the template ends where '{}' is missing", ends.front()));
        return block;
      }
      if (token.type == TokenType::text) {
        auto statement = start(StatementKind::text);
        statement->text = take().text;
        block.push_back(std::move(statement));
      } else if (token.type == TokenType::variable_begin) {
        auto statement = start(StatementKind::output);
        take();
        statement->expression = parse_tuple(/*with_conditional=*/true);
        if (current().type != TokenType::variable_end) {
          reject(fmt::format("expected '}}}}', not {}", shown(current())));
        }
        take();
        block.push_back(std::move(statement));
      } else {
        take();  // {%
        const bool ends_here =
            current().type == TokenType::name && std::ranges::find(ends, current().text) != ends.end();
        if (ends_here) return block;
        block.push_back(parse_statement());
      }
    }
  }

  std::unique_ptr<Statement> start(StatementKind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = current().line;
    return statement;
  }

  // The body and the end tag of a statement that has nothing between.
  Block parse_body(std::string_view end) {
    expect_block_end();
    Block body = parse_block({end});
    take();
    if (end == "endblock" || end == "endmacro") {
      if (current().type == TokenType::name) take();
    }
    expect_block_end();
    return body;
  }

  std::unique_ptr<Statement> parse_statement() {
    if (current().type != TokenType::name)
      reject(fmt::format("expected a tag's name, not {}", shown(current())));
    const std::string tag = current().text;
    if (tag == "if") return parse_if();
    if (tag == "for") return parse_for();
    if (tag == "set") return parse_set();
    if (tag == "macro") return parse_macro();
    if (tag == "call") return parse_call_block();
    if (tag == "filter") return parse_filter_block();
    if (tag == "with") return parse_with();
    if (tag == "generation" || tag == "block") {
      auto statement = start(StatementKind::group);
      take();
      if (tag == "block") expect_name();
      statement->body = parse_body(tag == "block" ? "endblock" : "endgeneration");
      return statement;
    }
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) reject(fmt::format("'{}' stands outside a loop", tag));
      auto statement = start(tag == "break" ? StatementKind::stop : StatementKind::next);
      take();
      expect_block_end();
      return statement;
    }
    if (tag == "do") {
      auto statement = start(StatementKind::assign);
      take();
      statement->expression = parse_tuple(/*with_conditional=*/true);
      expect_block_end();
      return statement;
    }
    reject(fmt::format("the tag '{}' is not known here", tag));
  }

  std::unique_ptr<Statement> parse_if() {
    auto statement = start(StatementKind::branches);
    while (true) {
      take();  // if, elif
      Branch branch;
      branch.condition = parse_tuple(/*with_conditional=*/false);
      expect_block_end();
      branch.body = parse_block({"endif", "elif", "else"});
      statement->branches.push_back(std::move(branch));
      if (is_name("elif")) continue;
      if (take_name("else")) {
        expect_block_end();
        statement->branches.push_back({nullptr, parse_block({"endif"})});
      }
      take();
      expect_block_end();
      return statement;
    }
  }

  std::unique_ptr<Statement> parse_for() {
    auto statement = start(StatementKind::loop);
    take();
    statement->target = parse_target();
    if (!take_name("in")) reject(fmt::format("expected 'in', not {}", shown(current())));
    statement->expression = parse_tuple(/*with_conditional=*/false);
    if (take_name("if")) statement->condition = parse_expression();
    statement->recursive = take_name("recursive");
    expect_block_end();
    ++loops_;
    statement->body = parse_block({"endfor", "else"});
    --loops_;
    if (take_name("else")) {
      expect_block_end();
      statement->otherwise = parse_block({"endfor"});
    }
    take();
    expect_block_end();
    return statement;
  }

  std::unique_ptr<Statement> parse_set() {
    auto statement = start(StatementKind::assign);
    take();
    statement->target = parse_target();
    if (take_symbol("=")) {
      statement->expression = parse_tuple(/*with_conditional=*/true);
      expect_block_end();
      return statement;
    }
    statement->kind = StatementKind::assign_block;
    if (is_symbol("|")) statement->expression = parse_filters(nullptr);
    statement->body = parse_body("endset");
    return statement;
  }

  std::unique_ptr<Statement> parse_macro() {
    auto statement = start(StatementKind::macro);
    take();
    statement->text = expect_name();
    expect_symbol("(");
    statement->parameters = parse_parameters();
    statement->body = parse_callable_body("endmacro");
    return statement;
  }

  std::unique_ptr<Statement> parse_call_block() {
    auto statement = start(StatementKind::call);
    take();
    if (take_symbol("(")) statement->parameters = parse_parameters();
    statement->expression = parse_expression();
    if (statement->expression->kind != ExpressionKind::call) reject("a call block calls nothing");
    statement->body = parse_callable_body("endcall");
    return statement;
  }

  // A loop around a macro is none that a break in the macro could leave.
  Block parse_callable_body(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    Block body = parse_body(end);
    loops_ = loops;
    return body;
  }

  std::vector<Parameter> parse_parameters() {
    std::vector<Parameter> parameters;
    while (!take_symbol(")")) {
      if (!parameters.empty()) {
        expect_symbol(",");
        if (take_symbol(")")) break;
      }
      Parameter parameter{.name = expect_name(), .otherwise = nullptr};
      if (take_symbol("=")) {
        parameter.otherwise = parse_expression();
      } else if (!parameters.empty() && parameters.back().otherwise != nullptr) {
        reject("a parameter without a default follows one with a default");
      }
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  std::unique_ptr<Statement> parse_filter_block() {
    auto statement = start(StatementKind::filter);
    take();
    statement->expression = parse_filters(nullptr, /*starts_with_name=*/true);
    statement->body = parse_body("endfilter");
    return statement;
  }

  std::unique_ptr<Statement> parse_with() {
    auto statement = start(StatementKind::with);
    take();
    while (current().type != TokenType::block_end) {
      if (!statement->targets.empty()) expect_symbol(",");
      statement->targets.push_back(parse_target());
      expect_symbol("=");
      statement->values.push_back(parse_expression());
    }
    statement->body = parse_body("endwith");
    return statement;
  }

  // name, name.attribute, or several of them.
  ExpressionPointer parse_target() {
    const Level level(*this);
    std::vector<ExpressionPointer> targets;
    bool several = false;
    do {
      if (take_symbol("(")) {
        targets.push_back(parse_target());
        expect_symbol(")");
        continue;
      }
      if (current().type != TokenType::name || (several && is_name("in"))) break;
      ExpressionPointer name = make(ExpressionKind::name);
      name->text = expect_name();
      if (take_symbol(".")) {
        ExpressionPointer attribute = make_over(ExpressionKind::attribute, std::move(name));
        attribute->text = expect_name();
        name = std::move(attribute);
      }
      targets.push_back(std::move(name));
    } while (take_symbol(",") && (several = true));
    if (targets.empty()) reject(fmt::format("expected a name, not {}", shown(current())));
    if (!several) return std::move(targets.front());
    ExpressionPointer tuple = make(ExpressionKind::tuple);
    tuple->children = std::move(targets);
    return tuple;
  }

  ExpressionPointer parse_tuple(bool with_conditional) {
    const Level level(*this);
    const auto parse_item = [&] { return with_conditional ? parse_expression() : parse_or(); };
    ExpressionPointer first = parse_item();
    if (!is_symbol(",")) return first;
    ExpressionPointer tuple = make(ExpressionKind::tuple);
    tuple->children.push_back(std::move(first));
    while (take_symbol(",")) {
      const TokenType next = current().type;
      if (next == TokenType::variable_end || next == TokenType::block_end || is_symbol(")")) break;
      tuple->children.push_back(parse_item());
    }
    return tuple;
  }

  ExpressionPointer parse_expression() {
    const Level level(*this);
    ExpressionPointer value = parse_or();
    while (is_name("if")) {
      ExpressionPointer conditional = make_over(ExpressionKind::conditional, std::move(value));
      take();
      conditional->children.push_back(parse_or());
      conditional->children.push_back(take_name("else") ? parse_expression() : nullptr);
      value = std::move(conditional);
    }
    return value;
  }

  ExpressionPointer parse_or() {
    ExpressionPointer left = parse_and();
    while (is_name("or")) {
      left = make_over(ExpressionKind::disjunction, std::move(left));
      take();
      left->children.push_back(parse_and());
      check_chain(*left);
    }
    return left;
  }

  ExpressionPointer parse_and() {
    ExpressionPointer left = parse_not();
    while (is_name("and")) {
      left = make_over(ExpressionKind::conjunction, std::move(left));
      take();
      left->children.push_back(parse_not());
      check_chain(*left);
    }
    return left;
  }

  ExpressionPointer parse_not() {
    if (!is_name("not")) return parse_compare();
    const Level level(*this);
    ExpressionPointer negation = make(ExpressionKind::negate);
    take();
    negation->children.push_back(parse_not());
    return negation;
  }

  ExpressionPointer parse_compare() {
    ExpressionPointer left = parse_sum();
    ExpressionPointer comparison;
    while (true) {
      std::string operation;
      constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<", "<=", ">", ">="};
      if (current().type == TokenType::symbol &&
          std::ranges::find(kOperators, current().text) != kOperators.end()) {
        operation = take().text;
      } else if (take_name("in")) {
        operation = "in";
      } else if (is_name("not") && ahead(1).type == TokenType::name && ahead(1).text == "in") {
        take();
        take();
        operation = "not in";
      } else {
        return comparison != nullptr ? std::move(comparison) : std::move(left);
      }
      if (comparison == nullptr) comparison = make_over(ExpressionKind::compare, std::move(left));
      comparison->operators.push_back(operation);
      comparison->children.push_back(parse_sum());
    }
  }

  ExpressionPointer parse_binary(std::initializer_list<std::string_view> operators,
                                 ExpressionPointer (Parser::*parse_operand)()) {
    ExpressionPointer left = (this->*parse_operand)();
    while (current().type == TokenType::symbol &&
           std::ranges::find(operators, current().text) != operators.end()) {
      left = make_over(ExpressionKind::binary, std::move(left));
      left->text = take().text;
      left->children.push_back((this->*parse_operand)());
      check_chain(*left);
    }
    return left;
  }

  // A long chain of operators is a deep tree, though the parser is not deep in it.
  void check_chain(const Expression& node) {
    int depth = 0;
    for (const Expression* left = &node; left != nullptr && depth <= kMaximumDepth; ++depth) {
      const bool chained = left->kind == ExpressionKind::binary ||
                           left->kind == ExpressionKind::disjunction ||
                           left->kind == ExpressionKind::conjunction;
      left = chained ? left->children.front().get() : nullptr;
    }
    if (depth > kMaximumDepth) reject("an expression has too many operators");
  }

  ExpressionPointer parse_sum() { return parse_binary({"+", "-"}, &Parser::parse_concatenation); }

  ExpressionPointer parse_concatenation() {
    ExpressionPointer left = parse_product();
    if (!is_symbol("~")) return left;
    ExpressionPointer joined = make_over(ExpressionKind::concatenate, std::move(left));
    while (take_symbol("~")) joined->children.push_back(parse_product());
    return joined;
  }

  ExpressionPointer parse_product() { return parse_binary({"*", "/", "//", "%"}, &Parser::parse_power); }

  ExpressionPointer parse_power() { return parse_binary({"**"}, &Parser::parse_unary_with_filters); }

  ExpressionPointer parse_unary_with_filters() { return parse_filters(parse_unary()); }

  ExpressionPointer parse_unary() {
    const Level level(*this);
    if (is_symbol("-") || is_symbol("+")) {
      ExpressionPointer sign = make(is_symbol("-") ? ExpressionKind::minus : ExpressionKind::plus);
      take();
      sign->children.push_back(parse_unary());
      return parse_postfix(std::move(sign));
    }
    return parse_postfix(parse_primary());
  }

  ExpressionPointer parse_primary() {
    const Token& token = current();
    switch (token.type) {
      case TokenType::name: return parse_name();
      case TokenType::string: {
        ExpressionPointer string = make(ExpressionKind::string);
        while (current().type == TokenType::string) string->text += take().text;
        return string;
      }
      case TokenType::integer:
      case TokenType::number: return parse_number();
      case TokenType::symbol:
        if (is_symbol("(")) return parse_parentheses();
        if (is_symbol("[")) return parse_list();
        if (is_symbol("{")) return parse_dict();
        break;
      case TokenType::text:
      case TokenType::variable_begin:
      case TokenType::variable_end:
      case TokenType::block_begin:
      case TokenType::block_end:
      case TokenType::end: break;
    }
    reject(fmt::format("expected a value, not {}", shown(token)));
  }

  ExpressionPointer parse_name() {
    ExpressionPointer node = make(ExpressionKind::name);
    node->text = take().text;
    if (node->text == "true" || node->text == "True" || node->text == "false" || node->text == "False") {
      node->kind = ExpressionKind::boolean;
      node->integer = node->text == "true" || node->text == "True";
    } else if (node->text == "none" || node->text == "None") {
      node->kind = ExpressionKind::none;
    }
    return node;
  }

  ExpressionPointer parse_number() {
    const bool integer = current().type == TokenType::integer;
    ExpressionPointer node = make(integer ? ExpressionKind::integer : ExpressionKind::number);
    const std::string digits = take().text;
    if (!integer) {
      node->number = std::strtod(digits.c_str(), nullptr);
      return node;
    }
    const bool prefixed =
        digits.size() > 2 && digits[0] == '0' && std::isdigit(static_cast<unsigned char>(digits[1])) == 0;
    const int base = !prefixed ? 10 : (digits[1] | 0x20) == 'x' ? 16 : (digits[1] | 0x20) == 'o' ? 8 : 2;
    errno = 0;
    char* end = nullptr;
    node->integer = std::strtoll(digits.c_str() + (prefixed ? 2 : 0), &end, base);
    if (errno != 0 || *end != '\0') reject(fmt::format("the number {} is wrong or too large", digits));
    return node;
  }

  ExpressionPointer parse_parentheses() {
    ExpressionPointer tuple = make(ExpressionKind::tuple);
    take();
    if (take_symbol(")")) return tuple;
    ExpressionPointer inner = parse_tuple(/*with_conditional=*/true);
    expect_symbol(")");
    return inner;
  }

  ExpressionPointer parse_list() {
    ExpressionPointer list = make(ExpressionKind::list);
    take();
    while (!take_symbol("]")) {
      if (!list->children.empty()) {
        expect_symbol(",");
        if (take_symbol("]")) break;
      }
      list->children.push_back(parse_expression());
    }
    return list;
  }

  ExpressionPointer parse_dict() {
    ExpressionPointer dict = make(ExpressionKind::dict);
    take();
    while (!take_symbol("}")) {
      if (!dict->children.empty()) {
        expect_symbol(",");
        if (take_symbol("}")) break;
      }
      dict->children.push_back(parse_expression());
      expect_symbol(":");
      dict->children.push_back(parse_expression());
    }
    return dict;
  }

  ExpressionPointer parse_postfix(ExpressionPointer value) {
    for (int chain = 0;; ++chain) {
      if (chain > kMaximumDepth) reject("an expression has too many parts");
      if (is_symbol(".")) {
        value = parse_attribute(std::move(value));
      } else if (is_symbol("[")) {
        value = parse_subscript(std::move(value));
      } else if (is_symbol("(")) {
        value = make_over(ExpressionKind::call, std::move(value));
        value->arguments = parse_arguments();
      } else {
        return value;
      }
    }
  }

  ExpressionPointer parse_attribute(ExpressionPointer value) {
    take();
    if (current().type == TokenType::integer) {
      value = make_over(ExpressionKind::item, std::move(value));
      value->children.push_back(parse_number());
      return value;
    }
    value = make_over(ExpressionKind::attribute, std::move(value));
    value->text = expect_name();
    return value;
  }

  ExpressionPointer parse_subscript(ExpressionPointer value) {
    value = make_over(ExpressionKind::item, std::move(value));
    take();
    ExpressionPointer index = is_symbol(":") ? nullptr : parse_expression();
    if (is_symbol(":")) {
      ExpressionPointer slice = make(ExpressionKind::slice);
      slice->children.push_back(std::move(index));
      while (slice->children.size() < 3) {
        if (take_symbol(":") && !is_symbol("]") && !is_symbol(":")) {
          slice->children.push_back(parse_expression());
        } else {
          slice->children.push_back(nullptr);
        }
      }
      index = std::move(slice);
    }
    expect_symbol("]");
    value->children.push_back(std::move(index));
    return value;
  }

  std::vector<Argument> parse_arguments() {
    const Level level(*this);
    std::vector<Argument> arguments;
    expect_symbol("(");
    while (!take_symbol(")")) {
      if (!arguments.empty()) {
        expect_symbol(",");
        if (take_symbol(")")) break;
      }
      Argument argument{.kind = Argument::Kind::positional, .name = {}, .value = nullptr};
      if (take_symbol("*")) {
        argument.kind = Argument::Kind::spread_list;
      } else if (take_symbol("**")) {
        argument.kind = Argument::Kind::spread_dict;
      } else if (current().type == TokenType::name && ahead(1).type == TokenType::symbol &&
                 ahead(1).text == "=") {
        argument.kind = Argument::Kind::named;
        argument.name = take().text;
        take();
      } else if (!arguments.empty() && arguments.back().kind != Argument::Kind::positional) {
        reject("a positional argument follows a named one");
      }
      argument.value = parse_expression();
      arguments.push_back(std::move(argument));
    }
    return arguments;
  }

  // | filter, is test, and calls of what they give. Without a value: the filters of a block.
  ExpressionPointer parse_filters(ExpressionPointer value, bool starts_with_name = false) {
    for (int chain = 0;; ++chain) {
      if (chain > kMaximumDepth) reject("an expression has too many filters");
      if (starts_with_name || is_symbol("|")) {
        if (!starts_with_name) take();
        starts_with_name = false;
        value = parse_filter(std::move(value));
      } else if (value != nullptr && is_name("is")) {
        value = parse_test(std::move(value));
      } else if (value != nullptr && is_symbol("(")) {
        value = make_over(ExpressionKind::call, std::move(value));
        value->arguments = parse_arguments();
      } else {
        return value;
      }
    }
  }

  std::string parse_dotted_name() {
    std::string name = expect_name();
    while (take_symbol(".")) name += "." + expect_name();
    return name;
  }

  ExpressionPointer parse_filter(ExpressionPointer value) {
    ExpressionPointer filter = make(ExpressionKind::filter);
    filter->children.push_back(std::move(value));
    filter->text = parse_dotted_name();
    if (is_symbol("(")) filter->arguments = parse_arguments();
    return filter;
  }

  ExpressionPointer parse_test(ExpressionPointer value) {
    ExpressionPointer test = make_over(ExpressionKind::test, std::move(value));
    take();
    const bool negated = take_name("not");
    test->text = parse_dotted_name();
    constexpr std::array<std::string_view, 4> kAfterTest = {"else", "or", "and", "is"};
    const Token& next = current();
    const bool is_value =
        next.type == TokenType::string || next.type == TokenType::integer || next.type == TokenType::number ||
        is_symbol("[") || is_symbol("{") ||
        (next.type == TokenType::name && std::ranges::find(kAfterTest, next.text) == kAfterTest.end() &&
         next.text != "if" && next.text != "in" && next.text != "not" && next.text != "recursive");
    if (is_symbol("(")) {
      test->arguments = parse_arguments();
    } else if (is_value) {
      test->arguments.push_back({Argument::Kind::positional, {}, parse_postfix(parse_primary())});
    }
    return negated ? make_over(ExpressionKind::negate, std::move(test)) : std::move(test);
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Block parse(std::string_view source) { return Parser(tokenize(source)).run(); }

}  // namespace shoal::jinja
