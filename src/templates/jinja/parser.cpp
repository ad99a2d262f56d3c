#include "templates/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "templates/jinja/expression_parser.h"
#include "templates/jinja/lexer.h"
#include "templates/jinja/token_stream.h"

namespace shoal::jinja {
namespace {

class StatementParser {
 public:
  explicit StatementParser(TokenStream& tokens) : tokens_(tokens), expressions_(tokens) {}

  Block run() {
    Block block = parse_block({});
    if (tokens_.current().type != TokenType::end) tokens_.reject("an unexpected end tag");
    return block;
  }

 private:
  // Parses statements up to a tag that starts with one of `ends`. That tag's '{%' is taken, its name is not.
  Block parse_block(const std::vector<std::string_view>& ends) {
    const TokenStream::Level level(tokens_);
    Block block;
    while (true) {
      const Token& token = tokens_.current();
      if (token.type == TokenType::end) {
        if (!ends.empty())
          tokens_.reject(fmt::format("the template ends where '{}' is missing", ends.front()));
        return block;
      }
      if (token.type == TokenType::text) {
        auto statement = start(StatementKind::text);
        statement->text = tokens_.take().text;
        block.push_back(std::move(statement));
      } else if (token.type == TokenType::variable_begin) {
        auto statement = start(StatementKind::output);
        tokens_.take();
        statement->expression = expressions_.parse_tuple(/*with_conditional=*/true);
        if (tokens_.current().type != TokenType::variable_end) {
          tokens_.reject_current("'}}'");
        }
        tokens_.take();
        block.push_back(std::move(statement));
      } else {
        tokens_.take();  // {%
        const bool ends_here = tokens_.current().type == TokenType::name &&
                               std::ranges::find(ends, tokens_.current().text) != ends.end();
        if (ends_here) return block;
        block.push_back(parse_statement());
      }
    }
  }

  std::unique_ptr<Statement> start(StatementKind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = tokens_.current().line;
    return statement;
  }

  // Parses the body and end tag of a statement without branches.
  Block parse_body(std::string_view end) {
    tokens_.expect_block_end();
    Block body = parse_block({end});
    tokens_.take();
    if (end == "endblock" || end == "endmacro") {
      if (tokens_.current().type == TokenType::name) tokens_.take();
    }
    tokens_.expect_block_end();
    return body;
  }

  std::unique_ptr<Statement> parse_statement() {
    if (tokens_.current().type != TokenType::name) tokens_.reject_current("a tag's name");
    const std::string tag = tokens_.current().text;
    if (tag == "if") return parse_if();
    if (tag == "for") return parse_for();
    if (tag == "set") return parse_set();
    if (tag == "macro") return parse_macro();
    if (tag == "call") return parse_call_block();
    if (tag == "filter") return parse_filter_block();
    if (tag == "with") return parse_with();
    if (tag == "generation" || tag == "block") {
      auto statement = start(StatementKind::group);
      tokens_.take();
      if (tag == "block") tokens_.expect_name();
      statement->body = parse_body(tag == "block" ? "endblock" : "endgeneration");
      return statement;
    }
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) tokens_.reject(fmt::format("'{}' stands outside a loop", tag));
      auto statement = start(tag == "break" ? StatementKind::stop : StatementKind::next);
      tokens_.take();
      tokens_.expect_block_end();
      return statement;
    }
    if (tag == "do") {
      auto statement = start(StatementKind::assign);
      tokens_.take();
      statement->expression = expressions_.parse_tuple(/*with_conditional=*/true);
      tokens_.expect_block_end();
      return statement;
    }
    tokens_.reject(fmt::format("the tag '{}' is not known here", tag));
  }

  std::unique_ptr<Statement> parse_if() {
    auto statement = start(StatementKind::branches);
    while (true) {
      tokens_.take();  // if, elif
      Branch branch;
      branch.condition = expressions_.parse_tuple(/*with_conditional=*/false);
      tokens_.expect_block_end();
      branch.body = parse_block({"endif", "elif", "else"});
      statement->branches.push_back(std::move(branch));
      if (tokens_.is_name("elif")) continue;
      if (tokens_.take_name("else")) {
        tokens_.expect_block_end();
        statement->branches.push_back({nullptr, parse_block({"endif"})});
      }
      tokens_.take();
      tokens_.expect_block_end();
      return statement;
    }
  }

  std::unique_ptr<Statement> parse_for() {
    auto statement = start(StatementKind::loop);
    tokens_.take();
    statement->target = expressions_.parse_target();
    if (!tokens_.take_name("in")) tokens_.reject_current("'in'");
    statement->expression = expressions_.parse_tuple(/*with_conditional=*/false);
    if (tokens_.take_name("if")) statement->condition = expressions_.parse_expression();
    statement->recursive = tokens_.take_name("recursive");
    tokens_.expect_block_end();
    ++loops_;
    statement->body = parse_block({"endfor", "else"});
    --loops_;
    if (tokens_.take_name("else")) {
      tokens_.expect_block_end();
      statement->otherwise = parse_block({"endfor"});
    }
    tokens_.take();
    tokens_.expect_block_end();
    return statement;
  }

  std::unique_ptr<Statement> parse_set() {
    auto statement = start(StatementKind::assign);
    tokens_.take();
    statement->target = expressions_.parse_target();
    if (tokens_.take_symbol("=")) {
      statement->expression = expressions_.parse_tuple(/*with_conditional=*/true);
      tokens_.expect_block_end();
      return statement;
    }
    statement->kind = StatementKind::assign_block;
    if (tokens_.is_symbol("|")) statement->expression = expressions_.parse_filters(nullptr);
    statement->body = parse_body("endset");
    return statement;
  }

  std::unique_ptr<Statement> parse_macro() {
    auto statement = start(StatementKind::macro);
    tokens_.take();
    statement->text = tokens_.expect_name();
    tokens_.expect_symbol("(");
    statement->parameters = parse_parameters();
    statement->body = parse_callable_body("endmacro");
    return statement;
  }

  std::unique_ptr<Statement> parse_call_block() {
    auto statement = start(StatementKind::call);
    tokens_.take();
    if (tokens_.take_symbol("(")) statement->parameters = parse_parameters();
    statement->expression = expressions_.parse_expression();
    if (statement->expression->kind != ExpressionKind::call) tokens_.reject("a call block calls nothing");
    statement->body = parse_callable_body("endcall");
    return statement;
  }

  // A break in a macro cannot leave a loop around the macro.
  Block parse_callable_body(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    Block body = parse_body(end);
    loops_ = loops;
    return body;
  }

  std::vector<Parameter> parse_parameters() {
    std::vector<Parameter> parameters;
    while (!tokens_.take_symbol(")")) {
      if (!parameters.empty()) {
        tokens_.expect_symbol(",");
        if (tokens_.take_symbol(")")) break;
      }
      Parameter parameter{.name = tokens_.expect_name(), .otherwise = nullptr};
      if (tokens_.take_symbol("=")) {
        parameter.otherwise = expressions_.parse_expression();
      } else if (!parameters.empty() && parameters.back().otherwise != nullptr) {
        tokens_.reject("a parameter without a default follows one with a default");
      }
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  std::unique_ptr<Statement> parse_filter_block() {
    auto statement = start(StatementKind::filter);
    tokens_.take();
    statement->expression = expressions_.parse_filters(nullptr, /*starts_with_name=*/true);
    statement->body = parse_body("endfilter");
    return statement;
  }

  std::unique_ptr<Statement> parse_with() {
    auto statement = start(StatementKind::with);
    tokens_.take();
    while (tokens_.current().type != TokenType::block_end) {
      if (!statement->targets.empty()) tokens_.expect_symbol(",");
      statement->targets.push_back(expressions_.parse_target());
      tokens_.expect_symbol("=");
      statement->values.push_back(expressions_.parse_expression());
    }
    statement->body = parse_body("endwith");
    return statement;
  }

  TokenStream& tokens_;
  ExpressionParser expressions_;
  int loops_ = 0;
};

}  // namespace

Block parse(std::string_view source) {
  TokenStream tokens(tokenize(source));
  return StatementParser(tokens).run();
}

}  // namespace shoal::jinja
