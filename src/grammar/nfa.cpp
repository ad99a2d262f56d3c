#include "grammar/nfa.h"

#include <algorithm>

#include "base/check.h"
#include "base/utf8.h"

namespace shoal {
namespace {

constexpr std::string_view subject = "a pattern";

class Builder {
 public:
  explicit Builder(GrammarBudget& budget) : budget_(budget) {}

  Result<Nfa> build(const Expression& expression) {
    nfa_.start = add_node();
    Result<int32_t> end = add(expression, nfa_.start);
    if (!end) return fail(end.error());
    nfa_.end = *end;
    return std::move(nfa_);
  }

 private:
  int32_t add_node() {
    nfa_.nodes.emplace_back();
    return static_cast<int32_t>(nfa_.nodes.size()) - 1;
  }
  void jump(int32_t from, int32_t to, Nfa::When when = Nfa::When::always) {
    nfa_.nodes[static_cast<size_t>(from)].jumps.push_back({when, to});
  }
  void edge(int32_t from, uint8_t first, uint8_t last, int32_t to) {
    nfa_.nodes[static_cast<size_t>(from)].edges.push_back({first, last, to});
  }

  // Adds the expression after the node `from`; returns the node after it.
  Result<int32_t> add(const Expression& expression, int32_t from) {
    if (Result<void> paid = budget_.take(20, subject); !paid) return fail(paid.error());
    switch (expression.kind) {
      case ExpressionKind::never: return add_node();
      case ExpressionKind::characters: return add_characters(expression.characters, from);
      case ExpressionKind::sequence: return add_sequence(expression.parts, from);
      case ExpressionKind::choice: return add_choice(expression.parts, from);
      case ExpressionKind::repeat: return add_repeat(expression, from);
      case ExpressionKind::text_begin: return add_anchor(from, Nfa::When::at_begin);
      case ExpressionKind::text_end: return add_anchor(from, Nfa::When::at_end);
      case ExpressionKind::rule:
      case ExpressionKind::terminal: break;
    }
    CHECK(false && "an automaton has no rules");
  }

  int32_t add_anchor(int32_t from, Nfa::When when) {
    const int32_t to = add_node();
    jump(from, to, when);
    return to;
  }

  Result<int32_t> add_sequence(const std::vector<Expression>& parts, int32_t from) {
    for (const Expression& part : parts) {
      Result<int32_t> to = add(part, from);
      if (!to) return to;
      from = *to;
    }
    return from;
  }

  Result<int32_t> add_choice(const std::vector<Expression>& parts, int32_t from) {
    const int32_t end = add_node();
    for (const Expression& part : parts) {
      const int32_t begin = add_node();
      jump(from, begin);
      const Result<int32_t> to = add(part, begin);
      if (!to) return to;
      jump(*to, end);
    }
    return end;
  }

  Result<int32_t> add_repeat(const Expression& repeat, int32_t from) {
    const Expression& part = repeat.parts.front();
    for (int64_t i = 0; i < repeat.least; ++i) {
      Result<int32_t> to = add(part, from);
      if (!to) return to;
      from = *to;
    }
    if (repeat.most == Expression::unlimited) return add_loop(part, from);
    const int32_t end = add_node();
    jump(from, end);
    for (int64_t i = repeat.least; i < repeat.most; ++i) {
      Result<int32_t> to = add(part, from);
      if (!to) return to;
      jump(*to, end);
      from = *to;
    }
    return end;
  }

  Result<int32_t> add_loop(const Expression& part, int32_t from) {
    const int32_t begin = add_node();
    jump(from, begin);
    const Result<int32_t> to = add(part, begin);
    if (!to) return to;
    jump(*to, begin);
    const int32_t end = add_node();
    jump(begin, end);
    return end;
  }

  Result<int32_t> add_characters(const CodePoints& characters, int32_t from) {
    const int32_t to = add_node();
    for (const CodePointRange& range : characters) {
      if (Result<void> paid = budget_.take(20, subject); !paid) return fail(paid.error());
      if (range.first > last_code_point) {
        const char byte = range.first == special_begin ? special_begin_byte : special_end_byte;
        edge(from, static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), to);
        continue;
      }
      // Surrogates are no characters and have no UTF-8 form.
      if (range.first < 0xD800) add_range(range.first, std::min<char32_t>(range.last, 0xD7FF), from, to);
      if (range.last > 0xDFFF) add_range(std::max<char32_t>(range.first, 0xE000), range.last, from, to);
    }
    return to;
  }

  // Divides a range until the UTF-8 of each part is one range for each byte.
  void add_range(char32_t first, char32_t last, int32_t from, int32_t to) {
    if (first > last) return;
    for (const char32_t border : {0x7Fu, 0x7FFu, 0xFFFFu}) {
      if (first <= border && last > border) {
        add_range(first, border, from, to);
        return add_range(border + 1, last, from, to);
      }
    }
    for (int shift = 6; shift <= 18 && first > 0x7F; shift += 6) {
      const char32_t mask = (char32_t{1} << shift) - 1;
      if ((first & ~mask) == (last & ~mask)) break;
      if ((first & mask) != 0) {
        add_range(first, first | mask, from, to);
        return add_range((first | mask) + 1, last, from, to);
      }
      if ((last & mask) != mask) {
        add_range(first, (last & ~mask) - 1, from, to);
        return add_range(last & ~mask, last, from, to);
      }
    }
    add_bytes(first, last, from, to);
  }

  void add_bytes(char32_t first, char32_t last, int32_t from, int32_t to) {
    std::string low;
    std::string high;
    append_utf8(first, low);
    append_utf8(last, high);
    for (size_t i = 0; i < low.size(); ++i) {
      const int32_t next = i + 1 == low.size() ? to : add_node();
      edge(from, static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i]), next);
      from = next;
    }
  }

  Nfa nfa_;
  GrammarBudget& budget_;
};

}  // namespace

Result<Nfa> make_nfa(const Expression& expression, GrammarBudget& budget) {
  return Builder(budget).build(expression);
}

}  // namespace shoal
