#include "grammar/member_order.h"

#include <algorithm>
#include <map>
#include <utility>

namespace shoal {
namespace {

struct MemberState {
  size_t place;
  int64_t different;  // counted only as far as minProperties needs
  int64_t count;      // counted only as far as maxProperties needs, else whether there is any

  auto operator<=>(const MemberState&) const = default;
};

// One rule for each member's place and for each count of members so far.
class ObjectRules {
 public:
  ObjectRules(const ObjectShape& shape, const WrittenMembers& members, const ObjectBrackets& brackets,
              GrammarBuilder& builder)
      : shape_(shape), members_(members), brackets_(brackets), builder_(builder) {}

  Result<Expression> make() {
    std::vector<Expression> parts;
    parts.push_back(brackets_.open);
    parts.push_back(use_rule(rule_of({0, 0, 0})));
    while (!pending_.empty()) {
      const MemberState state = pending_.back();
      pending_.pop_back();
      if (Result<void> paid = builder_.budget().take(200, "the schema"); !paid) return fail(paid.error());
      Expression body = rest(state);
      builder_.define(rules_.at(state), std::move(body));
    }
    return sequence_of(std::move(parts));
  }

 private:
  int32_t rule_of(MemberState state) {
    const auto found = rules_.find(state);
    if (found != rules_.end()) return found->second;
    const int32_t rule = builder_.add_rule("of an object");
    rules_.emplace(state, rule);
    pending_.push_back(state);
    return rule;
  }

  // What may follow in a state.
  Expression rest(const MemberState& state) {
    const bool has_room = shape_.most == Expression::unlimited || state.count < shape_.most;
    const auto after = [&](size_t place, int64_t different) {
      const int64_t limit = shape_.most == Expression::unlimited ? 1 : shape_.most;
      return MemberState{.place = place,
                         .different = std::min(different, shape_.least),
                         .count = std::min(state.count + 1, std::max<int64_t>(limit, 1))};
    };
    const auto followed = [&](const Expression& member, const MemberState& next) {
      std::vector<Expression> parts;
      if (state.count > 0) parts.push_back(brackets_.comma);
      parts.push_back(member);
      parts.push_back(use_rule(rule_of(next)));
      return sequence_of(std::move(parts));
    };
    std::vector<Expression> choices;
    if (state.place < shape_.members.size()) {
      const Expression& member = members_.named[state.place];
      const bool is_possible = has_room && member.kind != ExpressionKind::never;
      if (is_possible) choices.push_back(followed(member, after(state.place + 1, state.different + 1)));
      if (!shape_.members[state.place].is_required) {
        choices.push_back(use_rule(rule_of({state.place + 1, state.different, state.count})));
      }
      return choice_of(std::move(choices));
    }
    // Places after the last one tell that an unnamed member has come.
    const bool has_extra = state.place > shape_.members.size();
    if (state.different >= shape_.least) choices.push_back(brackets_.close);
    for (const Expression& extra : members_.extras) {
      if (!has_room) break;
      choices.push_back(
          followed(extra, after(shape_.members.size() + 1, state.different + (has_extra ? 0 : 1))));
    }
    return choice_of(std::move(choices));
  }

  const ObjectShape& shape_;
  const WrittenMembers& members_;
  const ObjectBrackets& brackets_;
  GrammarBuilder& builder_;
  std::map<MemberState, int32_t> rules_;
  std::vector<MemberState> pending_;
};

}  // namespace

Result<Expression> make_object_rules(const ObjectShape& shape, const WrittenMembers& members,
                                     const ObjectBrackets& brackets, GrammarBuilder& builder) {
  return ObjectRules(shape, members, brackets, builder).make();
}

}  // namespace shoal
