#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "templates/jinja/evaluator.h"
#include "templates/jinja/letter_case.h"
#include "templates/jinja/text_tools.h"
#include "tokens/unicode.h"

namespace shoal::jinja {
namespace {

using TextMethod = Datum (*)(Evaluator&, const MarkedText& self, const Arguments&);
using ListMethod = Datum (*)(Evaluator&, List& self, const Arguments&);
using DictMethod = Datum (*)(Evaluator&, const Dict& self, const Arguments&);

// A parameter that may be missing or none.
const MarkedText* optional_text(const Bound& bound, size_t parameter) {
  if (!bound.has(parameter) || bound[parameter].is_none()) return nullptr;
  if (bound[parameter].text() == nullptr) give_up("a text is needed, not {}", type_name(bound[parameter]));
  return bound[parameter].text();
}

Datum list_of(Evaluator& evaluator, std::vector<MarkedText> texts, ListKind kind = ListKind::list) {
  evaluator.budget().pay_steps(8 * static_cast<int64_t>(texts.size()));
  std::vector<Datum> items;
  items.reserve(texts.size());
  for (MarkedText& text : texts) items.emplace_back(std::move(text));
  return Datum::list(std::move(items), kind);
}

template <bool at_begin, bool at_end>
Datum strip_method(Evaluator&, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"});
  return strip(self, optional_text(bound, 0), at_begin, at_end);
}

Datum split_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("split", arguments, {"sep", "maxsplit"});
  evaluator.budget().pay_bytes(self.size());
  return list_of(evaluator, split(self, optional_text(bound, 0), bound.integer(1, -1)));
}

Datum split_from_right_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("rsplit", arguments, {"sep", "maxsplit"});
  evaluator.budget().pay_bytes(self.size());
  return list_of(evaluator, split_from_right(self, optional_text(bound, 0), bound.integer(1, -1)));
}

Datum split_lines_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"});
  evaluator.budget().pay_bytes(self.size());
  return list_of(evaluator, split_lines(self, bound.flag(0, false)));
}

template <bool from_right>
Datum partition_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"});
  const MarkedText separator = bound.text(0, "");
  if (separator.empty()) give_up("partition() at an empty text");
  const size_t found =
      from_right ? self.bytes().rfind(separator.bytes()) : self.bytes().find(separator.bytes());
  if (found == std::string::npos) {
    if (from_right) return list_of(evaluator, {{}, {}, self}, ListKind::tuple);
    return list_of(evaluator, {self, {}, {}}, ListKind::tuple);
  }
  const auto at = static_cast<int64_t>(found);
  const int64_t end = at + separator.size();
  return list_of(evaluator, {self.slice(0, at), self.slice(at, end), self.slice(end, self.size())},
                 ListKind::tuple);
}

// The part of a text between start and end, which count characters.
MarkedText window(const MarkedText& self, const Bound& bound, size_t start_parameter) {
  if (!bound.has(start_parameter) && !bound.has(start_parameter + 1)) return self;
  const int64_t count = self.character_count();
  const auto place = [&](size_t parameter, int64_t otherwise) {
    if (!bound.has(parameter) || bound[parameter].is_none()) return otherwise;
    const int64_t at = bound.integer(parameter, otherwise);
    return std::clamp<int64_t>(at < 0 ? at + count : at, 0, count);
  };
  return self.slice(self.byte_offset(place(start_parameter, 0)),
                    self.byte_offset(place(start_parameter + 1, count)));
}

template <bool at_end>
Datum starts_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound(at_end ? "endswith" : "startswith", arguments, {"text", "start", "end"});
  const MarkedText part = window(self, bound, 1);
  std::vector<Datum> candidates = {bound[0]};
  if (bound[0].list() != nullptr && bound[0].list()->kind == ListKind::tuple) {
    candidates = iterate(bound[0], evaluator.budget());
  }
  for (const Datum& candidate : candidates) {
    if (candidate.text() == nullptr) give_up("a text is needed, not {}", type_name(candidate));
    const std::string& sought = candidate.text()->bytes();
    if (at_end ? part.bytes().ends_with(sought) : part.bytes().starts_with(sought)) return true;
  }
  return false;
}

Datum replace_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  Budget& budget = evaluator.budget();
  MarkedText from = bound.text(0, "");
  MarkedText to = bound.text(1, "");
  if (self.safe()) {
    from = escaped(from, budget);
    to = escaped(to, budget);
  }
  return replace(self, from, to, bound.integer(2, -1), budget);
}

template <bool at_begin>
Datum remove_method(Evaluator&, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("removeprefix", arguments, {"text"});
  const MarkedText part = bound.text(0, "");
  if (at_begin && self.bytes().starts_with(part.bytes())) return self.slice(part.size(), self.size());
  if (!at_begin && self.bytes().ends_with(part.bytes())) return self.slice(0, self.size() - part.size());
  return self;
}

template <bool from_right, bool must_be_there>
Datum find_in_text(Evaluator&, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("find", arguments, {"text", "start", "end"});
  const MarkedText part = window(self, bound, 1);
  const std::string sought = bound.text(0, "").bytes();
  const size_t found = from_right ? part.bytes().rfind(sought) : part.bytes().find(sought);
  if (found == std::string::npos) {
    if (must_be_there) give_up("the text is not there");
    return int64_t{-1};
  }
  const int64_t count = self.character_count();
  const int64_t start = bound.has(1) && !bound[1].is_none() ? bound.integer(1, 0) : 0;
  const int64_t offset = std::clamp<int64_t>(start < 0 ? start + count : start, 0, count);
  return offset + part.slice(0, static_cast<int64_t>(found)).character_count();
}

Datum count_in_text(Evaluator&, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"text", "start", "end"});
  const MarkedText part = window(self, bound, 1);
  const std::string sought = bound.text(0, "").bytes();
  if (sought.empty()) return part.character_count() + 1;
  int64_t count = 0;
  for (size_t at = part.bytes().find(sought); at != std::string::npos;
       at = part.bytes().find(sought, at + sought.size())) {
    ++count;
  }
  return count;
}

// Methods that change case take no arguments.
template <MarkedText (*change)(const MarkedText&)>
Datum case_change(Evaluator&, const MarkedText& self, const Arguments&) {
  return change(self);
}

Datum join_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("join", arguments, {"items"});
  MarkedText joined;
  bool first = true;
  for (const Datum& item : iterate(bound[0], evaluator.budget())) {
    if (item.text() == nullptr) give_up("join() of a {}", type_name(item));
    evaluator.budget().pay_bytes(self.size() + item.text()->size());
    if (!std::exchange(first, false)) joined.append(self);
    joined.append(self.safe() ? escaped(*item.text(), evaluator.budget()) : *item.text());
  }
  joined.set_safe(self.safe());
  return joined;
}

Datum format_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  return format_braces(self, arguments, evaluator);
}

// `justification` is 0 for left, 1 for right, 2 for center.
template <int justification>
Datum pad_method(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  constexpr std::array names = {"ljust", "rjust", "center"};
  const Bound bound(names[justification], arguments, {"width", "fillchar"});
  const int64_t width = bound.integer(0, 0);
  const int64_t missing = width - self.character_count();
  // Python's center() puts an odd space on the left when the width is odd too.
  const int64_t left = justification == 0   ? 0
                       : justification == 1 ? missing
                                            : missing / 2 + (missing & width & 1);
  const MarkedText fill = bound.text(1, " ");
  if (fill.character_count() != 1) give_up("the fill is not one character");
  return pad(self, width, fill, left, evaluator.budget());
}

Datum fill_with_zeros(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"});
  const bool sign = self.bytes().starts_with('-') || self.bytes().starts_with('+');
  MarkedText out = self.slice(0, sign ? 1 : 0);
  const MarkedText digits = self.slice(sign ? 1 : 0, self.size());
  const int64_t width = bound.integer(0, 0) - (sign ? 1 : 0);
  out.append(pad(digits, width, MarkedText::of_template("0"), width, evaluator.budget()));
  return out;
}

Datum expand_tabs(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"});
  const int64_t size = std::clamp<int64_t>(bound.integer(0, 8), 0, 1000);
  MarkedText out;
  int64_t column = 0;
  for (int64_t at = 0; at < self.size();) {
    const CodePoint c = decode_utf8(self.bytes(), at);
    if (c.value == '\t') {
      const int64_t spaces = size == 0 ? 0 : size - column % size;
      evaluator.budget().pay_bytes(spaces);
      out.append(std::string(static_cast<size_t>(spaces), ' '));
      column += spaces;
    } else {
      out.append(self.slice(at, at + c.length));
      column = c.value == '\n' || c.value == '\r' ? 0 : column + 1;
    }
    at += c.length;
  }
  return out;
}

template <bool (*fits)(char32_t)>
Datum all_characters(Evaluator&, const MarkedText& self, const Arguments&) {
  for (int64_t at = 0; at < self.size();) {
    const CodePoint c = decode_utf8(self.bytes(), at);
    if (!fits(c.value)) return false;
    at += c.length;
  }
  return !self.empty();
}

bool is_letter_or_numeric(char32_t c) { return is_letter(c) || is_numeric(c); }

template <bool (*fits)(std::string_view)>
Datum whole_text(Evaluator&, const MarkedText& self, const Arguments&) {
  return fits(self.bytes());
}

Datum is_ascii(Evaluator&, const MarkedText& self, const Arguments&) {
  return std::ranges::all_of(self.bytes(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Datum is_printable_text(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  return self.empty() || *all_characters<is_printable>(evaluator, self, arguments).boolean();
}

bool goes_on_identifier(char32_t c) { return is_word_character(c); }

Datum is_identifier(Evaluator& evaluator, const MarkedText& self, const Arguments& arguments) {
  if (self.empty() || is_number(decode_utf8(self.bytes(), 0).value)) return false;
  return all_characters<goes_on_identifier>(evaluator, self, arguments);
}

template <class Method>
struct Named {
  std::string_view name;
  Method method;
};

constexpr Named<TextMethod> text_methods[] = {
    {"strip", strip_method<true, true>},
    {"lstrip", strip_method<true, false>},
    {"rstrip", strip_method<false, true>},
    {"split", split_method},
    {"rsplit", split_from_right_method},
    {"splitlines", split_lines_method},
    {"partition", partition_method<false>},
    {"rpartition", partition_method<true>},
    {"startswith", starts_method<false>},
    {"endswith", starts_method<true>},
    {"replace", replace_method},
    {"removeprefix", remove_method<true>},
    {"removesuffix", remove_method<false>},
    {"find", find_in_text<false, false>},
    {"rfind", find_in_text<true, false>},
    {"index", find_in_text<false, true>},
    {"rindex", find_in_text<true, true>},
    {"count", count_in_text},
    {"upper", case_change<upper>},
    {"lower", case_change<lower>},
    {"casefold", case_change<casefold>},
    {"title", case_change<title_of_words>},
    {"capitalize", case_change<capitalize>},
    {"swapcase", case_change<swap_case>},
    {"join", join_method},
    {"format", format_method},
    {"ljust", pad_method<0>},
    {"rjust", pad_method<1>},
    {"center", pad_method<2>},
    {"zfill", fill_with_zeros},
    {"expandtabs", expand_tabs},
    {"isalpha", all_characters<is_letter>},
    {"isdigit", all_characters<is_digit>},
    {"isdecimal", all_characters<is_decimal_digit>},
    {"isnumeric", all_characters<is_numeric>},
    {"isalnum", all_characters<is_letter_or_numeric>},
    {"isspace", all_characters<is_python_space>},
    {"isupper", whole_text<is_upper_text>},
    {"islower", whole_text<is_lower_text>},
    {"istitle", whole_text<is_title_text>},
    {"isascii", is_ascii},
    {"isprintable", is_printable_text},
    {"isidentifier", is_identifier},
};

// Hugging Face's sandbox refuses append and pop, but llama.cpp's templates for Kimi-K2 need them.
Datum append_method(Evaluator& evaluator, List& self, const Arguments& arguments) {
  const Bound bound("append", arguments, {"item"});
  append(self, bound[0], evaluator.budget());
  return None{};
}

Datum pop_method(Evaluator& evaluator, List& self, const Arguments& arguments) {
  const Bound bound("pop", arguments, {"index"});
  const auto count = static_cast<int64_t>(self.items.size());
  const int64_t given = bound.integer(0, -1);
  const int64_t at = given < 0 ? given + count : given;
  if (at < 0 || at >= count) give_up("pop() from outside the list");
  evaluator.budget().pay_steps((count - at) / 16 + 1);
  Datum item = self.items[static_cast<size_t>(at)];
  self.items.erase(self.items.begin() + at);
  return item;
}

Datum index_in_list(Evaluator& evaluator, List& self, const Arguments& arguments) {
  const Bound bound("index", arguments, {"item"});
  for (size_t i = 0; i < self.items.size(); ++i) {
    if (equal(self.items[i], bound[0], evaluator.budget())) return static_cast<int64_t>(i);
  }
  give_up("the item is not in the list");
}

Datum count_in_list(Evaluator& evaluator, List& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"item"});
  return static_cast<int64_t>(std::ranges::count_if(
      self.items, [&](const Datum& item) { return equal(item, bound[0], evaluator.budget()); }));
}

Datum copy_list(Evaluator& evaluator, List& self, const Arguments& arguments) {
  const Bound bound("copy", arguments, {});
  if (self.kind != ListKind::list) give_up("a tuple has no copy()");
  evaluator.budget().pay_steps(static_cast<int64_t>(self.items.size()));
  return Datum::list(self.items);
}

constexpr Named<ListMethod> list_methods[] = {{"append", append_method},
                                              {"pop", pop_method},
                                              {"index", index_in_list},
                                              {"count", count_in_list},
                                              {"copy", copy_list}};

Datum items_method(Evaluator& evaluator, const Dict& self, const Arguments&) {
  evaluator.budget().pay_steps(4 * static_cast<int64_t>(self.members.size()));
  std::vector<Datum> items;
  for (const auto& [key, value] : self.members) items.push_back(Datum::list({key, value}, ListKind::tuple));
  return Datum::list(std::move(items));
}

Datum keys_method(Evaluator& evaluator, const Dict& self, const Arguments&) {
  evaluator.budget().pay_steps(static_cast<int64_t>(self.members.size()));
  std::vector<Datum> keys;
  for (const auto& member : self.members) keys.push_back(member.first);
  return Datum::list(std::move(keys));
}

Datum values_method(Evaluator& evaluator, const Dict& self, const Arguments&) {
  evaluator.budget().pay_steps(static_cast<int64_t>(self.members.size()));
  std::vector<Datum> values;
  for (const auto& member : self.members) values.push_back(member.second);
  return Datum::list(std::move(values));
}

Datum get_method(Evaluator& evaluator, const Dict& self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"});
  check_key(bound[0]);
  if (const Datum* value = self.find(bound[0], evaluator.budget())) return *value;
  return bound.has(1) ? bound[1] : Datum(None{});
}

Datum copy_method(Evaluator& evaluator, const Dict& self, const Arguments&) {
  evaluator.budget().pay_steps(static_cast<int64_t>(self.members.size()));
  return Datum::dict(self.members);
}

constexpr Named<DictMethod> dict_methods[] = {{"items", items_method},
                                              {"keys", keys_method},
                                              {"values", values_method},
                                              {"get", get_method},
                                              {"copy", copy_method}};

template <class Method, size_t count>
Method find_named(const Named<Method> (&methods)[count], std::string_view name) {
  const auto* found = std::ranges::find(methods, name, &Named<Method>::name);
  return found == std::end(methods) ? nullptr : found->method;
}

template <class Call>
Datum bind(std::string_view name, Call call) {
  return std::make_shared<const Callable>(Callable{std::string(name), std::move(call)});
}

}  // namespace

bool changes_value(const Datum& value, std::string_view name) {
  constexpr std::string_view of_dicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
  return value.dict() != nullptr && std::ranges::find(of_dicts, name) != std::end(of_dicts);
}

// The bound method keeps the value, so that its references stay valid.
Datum find_method(const Datum& value, std::string_view name) {
  if (value.text() != nullptr) {
    const TextMethod method = find_named(text_methods, name);
    if (method == nullptr) return {};
    return bind(name, [value, method](Evaluator& evaluator, const Arguments& arguments) {
      return method(evaluator, *value.text(), arguments);
    });
  }
  if (value.list() != nullptr) {
    const ListMethod method = find_named(list_methods, name);
    if (method == nullptr) return {};
    return bind(name, [value, method](Evaluator& evaluator, const Arguments& arguments) {
      return method(evaluator, *value.list(), arguments);
    });
  }
  if (value.dict() != nullptr) {
    const DictMethod method = find_named(dict_methods, name);
    if (method == nullptr) return {};
    return bind(name, [value, method](Evaluator& evaluator, const Arguments& arguments) {
      return method(evaluator, *value.dict(), arguments);
    });
  }
  return {};
}

}  // namespace shoal::jinja
