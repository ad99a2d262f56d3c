#include "grammar/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace shoal {
namespace {

Expression made(ExpressionKind kind, std::vector<Expression> parts = {}) {
  Expression expression;
  expression.kind = kind;
  expression.parts = std::move(parts);
  return expression;
}

}  // namespace

Expression never() { return made(ExpressionKind::never); }
Expression empty_text() { return made(ExpressionKind::sequence); }

Expression any_of(CodePoints characters) {
  if (characters.empty()) return never();
  Expression expression = made(ExpressionKind::characters);
  expression.characters = normalised(std::move(characters));
  return expression;
}

Expression sequence_of(std::vector<Expression> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return made(ExpressionKind::sequence, std::move(parts));
}

Expression choice_of(std::vector<Expression> parts) {
  if (parts.empty()) return never();
  if (parts.size() == 1) return std::move(parts.front());
  return made(ExpressionKind::choice, std::move(parts));
}

Expression repeated(Expression part, int64_t least, int64_t most) {
  std::vector<Expression> parts;
  parts.push_back(std::move(part));
  Expression expression = made(ExpressionKind::repeat, std::move(parts));
  expression.least = least;
  expression.most = most;
  return expression;
}

Expression use_rule(int32_t rule) {
  Expression expression = made(ExpressionKind::rule);
  expression.index = rule;
  return expression;
}

Expression use_terminal(int32_t terminal) {
  Expression expression = made(ExpressionKind::terminal);
  expression.index = terminal;
  return expression;
}

Expression literal_text(std::string_view text) {
  std::vector<Expression> parts;
  for (int64_t at = 0; at < std::ssize(text);) {
    const CodePoint point = decode_utf8(text, at);
    parts.push_back(any_of({{point.value, point.value}}));
    at += point.length;
  }
  return sequence_of(std::move(parts));
}

Expression special_token(std::string_view written) {
  std::vector<Expression> parts;
  parts.push_back(any_of({{special_begin, special_begin}}));
  parts.push_back(literal_text(written));
  parts.push_back(any_of({{special_end, special_end}}));
  return sequence_of(std::move(parts));
}

CodePoints normalised(CodePoints characters) {
  std::ranges::sort(characters, {}, &CodePointRange::first);
  CodePoints result;
  for (const CodePointRange& range : characters) {
    if (!result.empty() && range.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

CodePoints complement(const CodePoints& characters) {
  CodePoints result;
  char32_t next = 0;
  for (const CodePointRange& range : normalised(characters)) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= last_code_point) result.push_back({next, last_code_point});
  return result;
}

Result<void> GrammarBudget::take(int64_t steps, std::string_view what) {
  left_ -= steps;
  if (left_ >= 0) return {};
  left_ = 0;
  return fail(ErrorCode::invalid_argument, fmt::format("{} is too large or too intricate", what));
}

}  // namespace shoal
