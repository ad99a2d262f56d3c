#include <algorithm>

#include "templates/jinja/evaluator.h"

namespace shoal::jinja {
namespace {

Datum make(std::string name, std::function<Datum(Evaluator&, const Arguments&)> call) {
  return std::make_shared<const Callable>(Callable{std::move(name), std::move(call)});
}

Datum range(Evaluator& evaluator, const Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"});
  const auto integer = [&](size_t parameter, int64_t otherwise) -> Datum {
    if (!bound.has(parameter)) return otherwise;
    if (!bound[parameter].is_integer()) give_up("range() of a {}", type_name(bound[parameter]));
    return bound[parameter];
  };
  const bool only_stop = !bound.has(1);
  const Datum stop = integer(only_stop ? 0 : 1, 0);
  const Datum step = integer(2, 1);
  Budget& budget = evaluator.budget();
  const int direction = compare(step, int64_t{0}, budget);
  if (direction == 0) give_up("range() with a step of 0");
  constexpr int64_t maximum = 100'000;  // Jinja's sandbox has the same
  std::vector<Datum> items;
  Datum at = compute("+", only_stop ? Datum(int64_t{0}) : integer(0, 0), int64_t{0}, budget);
  while (compare(at, stop, budget) == -direction) {
    if (static_cast<int64_t>(items.size()) >= maximum) give_up("range() of more than {} numbers", maximum);
    items.push_back(at);
    at = compute("+", at, step, budget);
  }
  return Datum::list(std::move(items));
}

Datum make_namespace(Evaluator& evaluator, const Arguments& arguments) {
  std::shared_ptr<Space> space = evaluator.new_space();
  for (const Datum& source : arguments.positional) {
    if (source.dict() == nullptr) give_up("namespace() takes a dict, not {}", type_name(source));
    for (const auto& [key, value] : source.dict()->members) {
      if (key.text() != nullptr) space->set(key.text()->bytes(), value);
    }
  }
  for (const auto& [name, value] : arguments.named) space->set(name, value);
  return space;
}

Datum make_dict(Evaluator& evaluator, const Arguments& arguments) {
  std::vector<Dict::Member> members;
  const auto put = [&](const Datum& key, const Datum& value) {
    evaluator.budget().pay_steps(static_cast<int64_t>(members.size()) / 8 + 1);
    const auto same = std::ranges::find_if(
        members, [&](const Dict::Member& member) { return equal(member.first, key, evaluator.budget()); });
    if (same != members.end()) {
      same->second = value;
    } else {
      members.emplace_back(key, value);
    }
  };
  for (const Datum& source : arguments.positional) {
    if (source.dict() != nullptr) {
      for (const auto& [key, value] : source.dict()->members) put(key, value);
      continue;
    }
    for (const Datum& pair : iterate(source, evaluator.budget())) {
      const std::vector<Datum> parts = iterate(pair, evaluator.budget());
      if (parts.size() != 2) give_up("dict() needs pairs");
      put(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) put(Datum::text(name), value);
  return Datum::dict(std::move(members));
}

Datum raise_exception(Evaluator& evaluator, const Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"});
  throw Failure{to_text(bound[0], evaluator.budget()).bytes()};
}

Datum strftime_now(Evaluator&, const Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"});
  return MarkedText::of_template(format_now(bound.text(0, "").bytes()));
}

Datum joiner(Evaluator& evaluator, const Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  const MarkedText separator = bound.text(0, ", ");
  std::shared_ptr<Space> space = evaluator.new_space();
  space->set("used", false);
  space->set("__call__",
             make("joiner", [members = space.get(), separator](Evaluator&, const Arguments&) -> Datum {
               const bool used = members->find("used")->truth();
               members->set("used", true);
               return used ? separator : MarkedText();
             }));
  return space;
}

Datum cycler(Evaluator& evaluator, const Arguments& arguments) {
  if (arguments.positional.empty()) give_up("cycler() has nothing to choose from");
  std::shared_ptr<Space> space = evaluator.new_space();
  const auto show = [items = arguments.positional, members = space.get()](int64_t at) {
    members->set("at", at);
    members->set("current", items[static_cast<size_t>(at)]);
  };
  show(0);
  const auto count = static_cast<int64_t>(arguments.positional.size());
  space->set("next", make("next", [members = space.get(), show, count](Evaluator&, const Arguments&) {
               const Datum now = *members->find("current");
               show((*members->find("at")->integer() + 1) % count);
               return now;
             }));
  space->set("reset", make("reset", [show](Evaluator&, const Arguments&) -> Datum {
               show(0);
               return None{};
             }));
  return space;
}

}  // namespace

void define_globals(Scope& globals) {
  globals.values.emplace("range", make("range", range));
  globals.values.emplace("namespace", make("namespace", make_namespace));
  globals.values.emplace("dict", make("dict", make_dict));
  globals.values.emplace("raise_exception", make("raise_exception", raise_exception));
  globals.values.emplace("strftime_now", make("strftime_now", strftime_now));
  globals.values.emplace("joiner", make("joiner", joiner));
  globals.values.emplace("cycler", make("cycler", cycler));
}

}  // namespace shoal::jinja
