// The syntax tree of a template.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace shoal::jinja {

enum class ExpressionKind : uint8_t {
  none,
  boolean,      // integer
  integer,      // integer
  big_integer,  // text: the digits of one beyond 64 bits
  number,       // number
  string,       // text
  name,         // text
  list,         // children
  tuple,        // children
  dict,         // children: key, value, key, value …
  attribute,    // children[0] . text
  item,         // children[0] [ children[1] ]
  slice,        // children: start, stop, step; each may be null
  call,         // children[0] ( arguments )
  filter,       // children[0] | text ( arguments ); children[0] is null in a filter block
  test,         // children[0] is text ( arguments )
  negate,       // not children[0]
  minus,        // - children[0]
  plus,         // + children[0]
  binary,       // children[0] text children[1]
  concatenate,  // children joined by ~
  compare,      // children[0] operators[0] children[1] operators[1] …
  conjunction,
  disjunction,
  conditional,  // children[0] if children[1] else children[2], which may be null
};

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;

struct Argument {
  enum class Kind : uint8_t { positional, named, spread_list, spread_dict };
  Kind kind;
  std::string name;
  ExpressionPointer value;
};

struct Expression {
  ExpressionKind kind;
  int line;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  std::vector<ExpressionPointer> children;
  std::vector<std::string> operators;
  std::vector<Argument> arguments;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

struct Parameter {
  std::string name;
  ExpressionPointer otherwise;  // null: no default
};

struct Branch {
  ExpressionPointer condition;  // null: else
  Block body;
};

enum class StatementKind : uint8_t {
  text,          // text
  output,        // expression
  branches,      // if
  loop,          // for target in expression if condition: body else otherwise
  assign,        // target = expression
  assign_block,  // target = body, through the filters in expression (null: no filters)
  macro,         // text(parameters): body
  call,          // expression is the call, parameters those of caller(): body
  filter,        // expression, whose innermost value is null: body
  with,          // targets[i] = values[i]: body
  group,         // body, without a change (generation, block)
  stop,          // break
  next,          // continue
};

struct Statement {
  StatementKind kind;
  int line;
  std::string text;
  ExpressionPointer target;
  ExpressionPointer expression;
  ExpressionPointer condition;
  std::vector<ExpressionPointer> targets;
  std::vector<ExpressionPointer> values;
  std::vector<Parameter> parameters;
  std::vector<Branch> branches;
  bool recursive = false;
  Block body;
  Block otherwise;
};

}  // namespace shoal::jinja
