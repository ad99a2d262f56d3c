#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/letter_case.h"
#include "templates/jinja/text_tools.h"

namespace shoal::jinja::sequence_filters {
namespace {

std::vector<Datum> items_of(Evaluator& evaluator, const Datum& value) {
  return iterate(value, evaluator.budget());
}

// For map and select, every false value counts as an empty list.
std::vector<Datum> items_or_nothing(Evaluator& evaluator, const Datum& value) {
  return value.truth() ? items_of(evaluator, value) : std::vector<Datum>();
}

// Looks up an attribute as filters name it: "a.b.0", or a number. `otherwise`, if given, replaces any part
// that is undefined.
Datum look_up(Evaluator& evaluator, Datum value, const Datum& attribute, const Datum* otherwise = nullptr) {
  const auto or_otherwise = [&](Datum found) {
    return found.is_undefined() && otherwise != nullptr ? *otherwise : found;
  };
  if (value.is_undefined()) give_up("'{}' is undefined", value.undefined_name());
  if (attribute.text() == nullptr) return or_otherwise(evaluator.item(value, attribute));
  for (const MarkedText& part :
       split(*attribute.text(), &static_cast<const MarkedText&>(MarkedText::of_template(".")), -1)) {
    int64_t index = 0;
    const std::string& name = part.bytes();
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_index = error == std::errc() && end == name.data() + name.size();
    if (value.is_undefined()) give_up("'{}' is undefined, it has no '{}'", value.undefined_name(), name);
    value = or_otherwise(is_index ? evaluator.item(value, index) : evaluator.item(value, part));
  }
  return value;
}

Datum without_case(const Datum& key) {
  if (key.text() == nullptr) return key;
  return lower(*key.text());
}

// What sort, unique, min … compare: an attribute or the item; texts without case unless asked for.
class Key {
 public:
  Key(Evaluator& evaluator, const Bound& bound, size_t attribute, size_t case_sensitive)
      : evaluator_(evaluator),
        attribute_(bound.has(attribute) && !bound[attribute].is_none() ? &bound[attribute] : nullptr),
        case_sensitive_(bound.flag(case_sensitive, false)) {}

  Datum of(const Datum& item) const {
    Datum key = attribute_ == nullptr ? item : look_up(evaluator_, item, *attribute_);
    return case_sensitive_ ? key : without_case(key);
  }

 private:
  Evaluator& evaluator_;
  const Datum* attribute_;
  bool case_sensitive_;
};

// Equal values need no order, as in Python's lists: a list of only undefined values is sorted without an
// error.
bool comes_before(const Datum& a, const Datum& b, Budget& budget) {
  return !equal(a, b, budget) && compare(a, b, budget) < 0;
}

Datum list_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return Datum::list(items_of(evaluator, value));
}

Datum first_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  const std::vector<Datum> items = items_of(evaluator, value);
  return items.empty() ? Datum::undefined("the first item of nothing") : items.front();
}

Datum last_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  const std::vector<Datum> items = items_of(evaluator, value);
  return items.empty() ? Datum::undefined("the last item of nothing") : items.back();
}

Datum join_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const MarkedText separator = bound.has(0) ? to_text(bound[0], evaluator.budget()) : MarkedText();
  const bool by_attribute = bound.has(1) && !bound[1].is_none();
  MarkedText joined;
  bool first = true;
  for (const Datum& item : items_of(evaluator, value)) {
    const MarkedText text =
        to_text(by_attribute ? look_up(evaluator, item, bound[1]) : item, evaluator.budget());
    evaluator.budget().pay_bytes(separator.size() + text.size());
    if (!std::exchange(first, false)) joined.append(separator);
    joined.append(text);
  }
  return joined;
}

Datum reverse_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  std::vector<Datum> items = items_of(evaluator, value);
  std::ranges::reverse(items);
  if (value.text() == nullptr) return Datum::list(std::move(items), ListKind::generator);
  MarkedText text;
  for (const Datum& character : items) text.append(*character.text());
  return text;
}

Datum sort_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool reverse = bound.flag(0, false);
  // Sorts by several attributes with commas between, the first one first.
  std::vector<Datum> attributes;
  if (bound.has(2) && bound[2].text() != nullptr) {
    const MarkedText comma = MarkedText::of_template(",");
    for (MarkedText& part : split(*bound[2].text(), &comma, -1)) attributes.emplace_back(std::move(part));
  } else if (bound.has(2) && !bound[2].is_none()) {
    attributes.push_back(bound[2]);
  }
  const bool case_sensitive = bound.flag(1, false);
  const auto key_of = [&](const Datum& item) {
    std::vector<Datum> keys;
    for (const Datum& attribute : attributes) keys.push_back(look_up(evaluator, item, attribute));
    if (attributes.empty()) keys.push_back(item);
    for (Datum& key : keys) {
      if (!case_sensitive) key = without_case(key);
    }
    return keys;
  };
  struct Entry {
    std::vector<Datum> keys;
    Datum item;
  };
  std::vector<Entry> entries;
  for (Datum& item : items_of(evaluator, value)) {
    std::vector<Datum> keys = key_of(item);
    entries.push_back({std::move(keys), std::move(item)});
  }
  const auto before = [&](const Entry& a, const Entry& b) {
    for (size_t i = 0; i < a.keys.size(); ++i) {
      if (comes_before(a.keys[i], b.keys[i], evaluator.budget())) return true;
      if (comes_before(b.keys[i], a.keys[i], evaluator.budget())) return false;
    }
    return false;
  };
  if (reverse) {
    std::ranges::stable_sort(entries, [&](const Entry& a, const Entry& b) { return before(b, a); });
  } else {
    std::ranges::stable_sort(entries, before);
  }
  std::vector<Datum> sorted;
  for (Entry& entry : entries) sorted.push_back(std::move(entry.item));
  return Datum::list(std::move(sorted));
}

Datum unique_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  const Key key(evaluator, bound, 1, 0);
  std::vector<Datum> seen;
  std::vector<Datum> kept;
  for (const Datum& item : items_of(evaluator, value)) {
    Datum k = key.of(item);
    check_key(k);
    if (std::ranges::any_of(seen, [&](const Datum& other) { return equal(other, k, evaluator.budget()); }))
      continue;
    seen.push_back(std::move(k));
    kept.push_back(item);
  }
  return Datum::list(std::move(kept), ListKind::generator);
}

template <bool greatest>
Datum extreme_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound(greatest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const Key key(evaluator, bound, 1, 0);
  const std::vector<Datum> items = items_of(evaluator, value);
  if (items.empty()) return Datum::undefined("the extreme of nothing");
  Datum best = items.front();
  Datum best_key = key.of(best);
  for (size_t i = 1; i < items.size(); ++i) {
    Datum k = key.of(items[i]);
    const int order = compare(k, best_key, evaluator.budget());
    if (greatest ? order > 0 : order < 0) {
      best = items[i];
      best_key = std::move(k);
    }
  }
  return best;
}

Datum sum_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  Datum sum = bound.has(1) ? bound[1] : Datum(int64_t{0});
  const bool by_attribute = bound.has(0) && !bound[0].is_none();
  for (const Datum& item : items_of(evaluator, value)) {
    sum = compute("+", sum, by_attribute ? look_up(evaluator, item, bound[0]) : item, evaluator.budget());
  }
  return sum;
}

Datum map_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  std::vector<Datum> mapped;
  const auto attribute =
      std::ranges::find(arguments.named, "attribute", &std::pair<std::string, Datum>::first);
  const std::vector<Datum> items = items_or_nothing(evaluator, value);
  if (arguments.positional.empty() && attribute != arguments.named.end()) {
    const auto otherwise =
        std::ranges::find(arguments.named, "default", &std::pair<std::string, Datum>::first);
    const Datum* stand_in = otherwise == arguments.named.end() ? nullptr : &otherwise->second;
    for (const Datum& item : items) mapped.push_back(look_up(evaluator, item, attribute->second, stand_in));
    return Datum::list(std::move(mapped), ListKind::generator);
  }
  if (arguments.positional.empty() || arguments.positional[0].text() == nullptr)
    give_up("map needs a filter's name");
  const std::string name = arguments.positional[0].text()->bytes();
  const Arguments rest{.positional = {arguments.positional.begin() + 1, arguments.positional.end()},
                       .named = arguments.named};
  for (const Datum& item : items) mapped.push_back(evaluator.apply_filter(name, item, rest));
  return Datum::list(std::move(mapped), ListKind::generator);
}

// For select and reject, the test's name and its arguments come first; for selectattr and rejectattr they
// follow the attribute.
template <bool keeps, bool is_by_attribute>
Datum select_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  constexpr size_t test_argument = is_by_attribute ? 1 : 0;
  if (is_by_attribute && arguments.positional.empty()) give_up("selectattr needs an attribute's name");
  std::vector<Datum> kept;
  Arguments rest{.positional = {}, .named = arguments.named};
  std::string test;
  if (arguments.positional.size() > test_argument) {
    if (arguments.positional[test_argument].text() == nullptr) give_up("a test's name is no text");
    test = arguments.positional[test_argument].text()->bytes();
    rest.positional.assign(arguments.positional.begin() + test_argument + 1, arguments.positional.end());
  }
  for (const Datum& item : items_or_nothing(evaluator, value)) {
    const Datum tested = is_by_attribute ? look_up(evaluator, item, arguments.positional[0]) : item;
    const bool holds = test.empty() ? tested.truth() : evaluator.apply_test(test, tested, rest);
    if (holds == keeps) kept.push_back(item);
  }
  return Datum::list(std::move(kept), ListKind::generator);
}

Datum items_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  if (value.is_undefined()) return Datum::list({}, ListKind::generator);
  if (value.dict() == nullptr) give_up("items of a {}", type_name(value));
  return evaluator.call(find_method(value, "items"), {});
}

Datum dict_sort_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  if (value.dict() == nullptr) give_up("dictsort of a {}", type_name(value));
  const std::string by = bound.text(1, "key").bytes();
  if (by != "key" && by != "value") give_up("dictsort by '{}'", by);
  const Datum pairs = evaluator.call(find_method(value, "items"), {});
  const Arguments sort{
      .positional = {bound.flag(2, false), bound.flag(0, false), Datum(int64_t{by == "key" ? 0 : 1})},
      .named = {}};
  return sort_filter(evaluator, pairs, sort);
}

Datum group_by_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"});
  const Datum* otherwise = bound.has(1) && !bound[1].is_none() ? &bound[1] : nullptr;
  const bool case_sensitive = bound.flag(2, false);
  struct Entry {
    Datum grouper;
    Datum key;
    Datum item;
  };
  std::vector<Entry> entries;
  for (Datum& item : items_of(evaluator, value)) {
    Datum grouper = look_up(evaluator, item, bound[0], otherwise);
    Datum key = case_sensitive ? grouper : without_case(grouper);
    entries.push_back({std::move(grouper), std::move(key), std::move(item)});
  }
  std::ranges::stable_sort(
      entries, [&](const Entry& a, const Entry& b) { return compare(a.key, b.key, evaluator.budget()) < 0; });
  std::vector<Datum> groups;
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    std::vector<Datum> group;
    while (end < entries.size() && equal(entries[end].key, entries[begin].key, evaluator.budget())) {
      group.push_back(std::move(entries[end++].item));
    }
    groups.push_back(Datum::list({entries[begin].grouper, Datum::list(std::move(group))}, ListKind::tuple));
  }
  return Datum::list(std::move(groups));
}

Datum batch_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"});
  const int64_t count = bound.integer(0, 0);
  if (count < 1) give_up("batch: a count of {}", count);
  std::vector<Datum> batches;
  std::vector<Datum> batch;
  for (const Datum& item : items_of(evaluator, value)) {
    if (static_cast<int64_t>(batch.size()) == count) batches.push_back(Datum::list(std::exchange(batch, {})));
    batch.push_back(item);
  }
  if (!batch.empty()) {
    if (bound.has(1) && !bound[1].is_none()) {
      evaluator.budget().pay_steps(count);
      batch.resize(static_cast<size_t>(count), bound[1]);
    }
    batches.push_back(Datum::list(std::move(batch)));
  }
  return Datum::list(std::move(batches), ListKind::generator);
}

Datum slice_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"});
  const int64_t slices = bound.integer(0, 0);
  if (slices < 1) give_up("slice: a count of {}", slices);
  evaluator.budget().pay_steps(slices);
  const std::vector<Datum> items = items_of(evaluator, value);
  const auto count = static_cast<int64_t>(items.size());
  std::vector<Datum> parts;
  for (int64_t i = 0, at = 0; i < slices; ++i) {
    const bool longer = i < count % slices;
    const int64_t end = at + count / slices + (longer ? 1 : 0);
    std::vector<Datum> part(items.begin() + at, items.begin() + end);
    if (bound.has(1) && !bound[1].is_none() && !longer) part.push_back(bound[1]);
    parts.push_back(Datum::list(std::move(part)));
    at = end;
  }
  return Datum::list(std::move(parts), ListKind::generator);
}

}  // namespace

Filter find(std::string_view name) {
  static const std::unordered_map<std::string_view, Filter> filters = {
      {"batch", batch_filter},
      {"dictsort", dict_sort_filter},
      {"first", first_filter},
      {"groupby", group_by_filter},
      {"items", items_filter},
      {"join", join_filter},
      {"last", last_filter},
      {"list", list_filter},
      {"map", map_filter},
      {"max", extreme_filter<true>},
      {"min", extreme_filter<false>},
      {"reject", select_filter<false, false>},
      {"rejectattr", select_filter<false, true>},
      {"reverse", reverse_filter},
      {"select", select_filter<true, false>},
      {"selectattr", select_filter<true, true>},
      {"slice", slice_filter},
      {"sort", sort_filter},
      {"sum", sum_filter},
      {"unique", unique_filter},
  };
  const auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace shoal::jinja::sequence_filters
