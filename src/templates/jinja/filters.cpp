#include <algorithm>
#include <unordered_map>

#include "base/utf8.h"
#include "templates/jinja/evaluator.h"
#include "templates/jinja/letter_case.h"
#include "templates/jinja/text_tools.h"
#include "tokens/normalizer.h"
#include "tokens/unicode.h"

namespace shoal::jinja {

namespace sequence_filters {
Filter find(std::string_view name);  // filters_sequence.cpp
}
namespace number_filters {
Filter find(std::string_view name);  // filters_number.cpp
}
namespace markup_filters {
Filter find(std::string_view name);  // filters_markup.cpp
}

namespace {

MarkedText soft_text(Evaluator& evaluator, const Datum& value) { return to_text(value, evaluator.budget()); }

Datum default_filter(Evaluator&, const Datum& value, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool replaces = value.is_undefined() || (bound.flag(1, false) && !value.truth());
  if (!replaces) return value;
  return bound.has(0) ? bound[0] : Datum::text("");
}

Datum upper_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return upper(soft_text(evaluator, value));
}
Datum lower_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return lower(soft_text(evaluator, value));
}
Datum title_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return title_of_filter(soft_text(evaluator, value));
}
Datum capitalize_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return capitalize(soft_text(evaluator, value));
}
Datum trim_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  const bool given = bound.has(0) && !bound[0].is_none();
  const MarkedText characters = given ? bound.text(0, "") : MarkedText();
  return strip(soft_text(evaluator, value), given ? &characters : nullptr, /*left=*/true, /*right=*/true);
}
Datum string_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return soft_text(evaluator, value);
}
Datum repr_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return to_repr(value, evaluator.budget());
}
Datum safe_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  MarkedText text = soft_text(evaluator, value);
  text.set_safe(true);
  return text;
}
Datum escape_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  return escaped(soft_text(evaluator, value), evaluator.budget());
}
Datum force_escape_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  MarkedText text = soft_text(evaluator, value);
  text.set_safe(false);
  return escaped(text, evaluator.budget());
}

Datum replace_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  const int64_t count = bound.has(2) && !bound[2].is_none() ? bound.integer(2, -1) : -1;
  MarkedText text = soft_text(evaluator, value);
  text.set_safe(false);
  return replace(text, soft_text(evaluator, bound[0]), soft_text(evaluator, bound[1]), count,
                 evaluator.budget());
}

Datum indent_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  MarkedText indention;
  if (bound.has(0) && bound[0].text() != nullptr) {
    indention = *bound[0].text();
  } else {
    const int64_t width = std::max<int64_t>(bound.integer(0, 4), 0);
    evaluator.budget().pay_bytes(width);
    indention = MarkedText::of_template(std::string(static_cast<size_t>(width), ' '));
  }
  const bool blank = bound.flag(2, false);
  if (value.text() == nullptr) give_up("indent of a {}", type_name(value));
  MarkedText text = *value.text();
  text.append("\n");
  const std::vector<MarkedText> lines = split_lines(text, /*keep_ends=*/false);
  evaluator.budget().pay_bytes(text.size() + static_cast<int64_t>(lines.size()) * (indention.size() + 1));
  MarkedText out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out.append("\n");
    const bool indents = i == 0 ? bound.flag(1, false) : blank || !lines[i].empty();
    if (indents) out.append(indention);
    out.append(lines[i]);
  }
  return out;
}

Datum center_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  const MarkedText text = soft_text(evaluator, value);
  const int64_t width = bound.integer(0, 80);
  const int64_t missing = width - text.character_count();
  return pad(text, width, MarkedText::of_template(" "), missing / 2 + (missing & width & 1),
             evaluator.budget());
}

Datum truncate_filter(Evaluator&, const Datum& value, const Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  if (value.text() == nullptr) give_up("truncate of a {}", type_name(value));
  const MarkedText& text = *value.text();
  const MarkedText end = bound.text(2, "...");
  const int64_t length = bound.integer(0, 255);
  const int64_t leeway = bound.has(3) && !bound[3].is_none() ? bound.integer(3, 5) : 5;
  if (length < end.character_count()) give_up("truncate: the length is less than that of the end");
  if (text.character_count() <= length + leeway) return text;
  MarkedText kept = text.slice(0, text.byte_offset(length - end.character_count()));
  if (!bound.flag(1, false)) {
    const size_t space = kept.bytes().rfind(' ');
    if (space != std::string::npos) kept = kept.slice(0, static_cast<int64_t>(space));
  }
  kept.append(end);
  return kept;
}

Datum word_count_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  const MarkedText text = soft_text(evaluator, value);
  int64_t count = 0;
  bool in_word = false;
  for (int64_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text.bytes(), at);
    const bool word = is_word_character(c.value);
    if (word && !in_word) ++count;
    in_word = word;
    at += c.length;
  }
  return count;
}

void check_defined(const Datum& value) {
  if (value.is_undefined()) give_up("'{}' is undefined", value.undefined_name());
}

// One level's indent: a text, or a number of spaces.
std::string json_indent(const Bound& bound, size_t parameter) {
  constexpr int64_t maximum = 64;
  const MarkedText* text = bound[parameter].text();
  const int64_t size = text != nullptr ? text->size() : std::max<int64_t>(bound.integer(parameter, 0), 0);
  if (size > maximum) give_up("tojson: an indent of {} is too much", size);
  return text != nullptr ? text->bytes() : std::string(static_cast<size_t>(size), ' ');
}

Datum to_json_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  // In Jinja's own tojson, the indent is the first argument.
  const bool indent_first = bound.has(0) && (bound[0].integer() != nullptr || bound[0].text() != nullptr);
  style.ascii_only = !indent_first && bound.flag(0, false);
  const size_t indent = indent_first ? 0 : 1;
  if (bound.has(indent) && !bound[indent].is_none()) style.indent = json_indent(bound, indent);
  if (bound.has(2) && !bound[2].is_none()) {
    const std::vector<Datum> separators = iterate(bound[2], evaluator.budget());
    if (separators.size() != 2 || separators[0].text() == nullptr || separators[1].text() == nullptr) {
      give_up("tojson: separators are two texts");
    }
    style.item_separator = separators[0].text()->bytes();
    style.key_separator = separators[1].text()->bytes();
  }
  style.sorted_keys = bound.flag(3, false);
  return to_json(value, style, evaluator.budget());
}

Datum format_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  if (!arguments.named.empty()) {
    std::vector<Dict::Member> members;
    for (const auto& [name, member] : arguments.named) members.emplace_back(Datum::text(name), member);
    return format_percent(soft_text(evaluator, value), Datum::dict(std::move(members)), evaluator.budget());
  }
  return format_percent(soft_text(evaluator, value), Datum::list(arguments.positional, ListKind::tuple),
                        evaluator.budget());
}

std::string url_quoted(std::string_view text, std::string_view plain_marks) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || plain_marks.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Quotes a text as part of a path, and pairs or a dict as a query.
Datum url_encode_filter(Evaluator& evaluator, const Datum& value, const Arguments&) {
  Budget& budget = evaluator.budget();
  const auto in_path = [](std::string_view part) { return url_quoted(part, "_.-~/"); };
  const auto in_query = [](std::string_view part) {
    return replace_all(url_quoted(part, "_.-~ "), " ", "+");
  };
  if (value.list() == nullptr && value.dict() == nullptr) {
    const MarkedText text = soft_text(evaluator, value);
    budget.pay_bytes(3 * text.size());
    return map_parts(text, in_path);
  }
  const Datum pairs = value.dict() != nullptr ? evaluator.call(find_method(value, "items"), {}) : value;
  MarkedText query;
  for (const Datum& pair : iterate(pairs, budget)) {
    const std::vector<Datum> parts = iterate(pair, budget);
    if (parts.size() != 2) give_up("urlencode needs pairs");
    if (!query.empty()) query.append("&");
    for (const Datum& part : parts) {
      const MarkedText text = soft_text(evaluator, part);
      budget.pay_bytes(3 * text.size() + 2);
      if (&part != parts.data()) query.append("=");
      query.append(map_parts(text, in_query));
    }
  }
  return query;
}

Datum length_filter(Evaluator&, const Datum& value, const Arguments&) {
  if (const MarkedText* text = value.text()) return text->character_count();
  if (const List* list = value.list()) return static_cast<int64_t>(list->items.size());
  if (const Dict* dict = value.dict()) return static_cast<int64_t>(dict->members.size());
  if (value.is_undefined()) return int64_t{0};
  give_up("a {} has no length", type_name(value));
}

Datum attr_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"});
  const std::string name = bound.text(0, "").bytes();
  check_defined(value);
  if (value.dict() != nullptr) {  // attributes exist, but no keys
    Datum method = find_method(value, name);
    return method.is_undefined() ? Datum::undefined(name) : method;
  }
  return evaluator.attribute(value, name);
}

}  // namespace

Filter find_filter(std::string_view name) {
  static const std::unordered_map<std::string_view, Filter> filters = {
      {"attr", attr_filter},
      {"capitalize", capitalize_filter},
      {"center", center_filter},
      {"count", length_filter},
      {"d", default_filter},
      {"default", default_filter},
      {"e", escape_filter},
      {"escape", escape_filter},
      {"forceescape", force_escape_filter},
      {"format", format_filter},
      {"indent", indent_filter},
      {"length", length_filter},
      {"lower", lower_filter},
      {"pprint", repr_filter},
      {"replace", replace_filter},
      {"safe", safe_filter},
      {"string", string_filter},
      {"title", title_filter},
      {"tojson", to_json_filter},
      {"trim", trim_filter},
      {"truncate", truncate_filter},
      {"upper", upper_filter},
      {"urlencode", url_encode_filter},
      {"wordcount", word_count_filter},
  };
  const auto found = filters.find(name);
  if (found != filters.end()) return found->second;
  for (const auto find : {sequence_filters::find, number_filters::find, markup_filters::find}) {
    if (const Filter filter = find(name)) return filter;
  }
  return nullptr;
}

}  // namespace shoal::jinja
