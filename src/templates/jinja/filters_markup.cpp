#include <unordered_map>

#include "templates/jinja/evaluator.h"
#include "templates/jinja/html_entities.h"
#include "templates/jinja/text_tools.h"

namespace shoal::jinja::markup_filters {
namespace {

// Removes HTML's tags and comments; one that does not end counts as text.
std::string without_tags(std::string_view text) {
  std::string kept;
  while (true) {
    const size_t begin = text.find('<');
    if (begin == std::string_view::npos) break;
    const bool is_comment = text.substr(begin).starts_with("<!--");
    const size_t end = is_comment ? text.find("-->", begin + 4) : text.find('>', begin);
    if (end == std::string_view::npos) break;
    kept += text.substr(0, begin);
    text.remove_prefix(end + (is_comment ? 3 : 1));
  }
  return kept + std::string(text);
}

Datum strip_tags_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("striptags", arguments, {});
  Budget& budget = evaluator.budget();
  const MarkedText text = to_text(value, budget);
  budget.pay_bytes(2 * text.size());
  std::string joined;
  for (const MarkedText& word : split(MarkedText::of_template(without_tags(text.bytes())), nullptr, -1)) {
    if (!joined.empty()) joined += ' ';
    joined += word.bytes();
  }
  return MarkedText::made_of(text, unescape_html(joined));
}

MarkedText as_attribute_part(const Datum& value, Budget& budget) {
  MarkedText part = escaped(to_text(value, budget), budget);
  part.set_safe(false);
  return part;
}

Datum attributes_filter(Evaluator& evaluator, const Datum& value, const Arguments& arguments) {
  const Bound bound("xmlattr", arguments, {"autospace"});
  Budget& budget = evaluator.budget();
  if (value.dict() == nullptr) give_up("xmlattr of a {}", type_name(value));
  MarkedText out;
  for (const auto& [key, member] : value.dict()->members) {
    if (member.is_none() || member.is_undefined()) continue;
    if (key.text() == nullptr) give_up("xmlattr: a name is a {}", type_name(key));
    if (key.text()->bytes().find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
      give_up("xmlattr: '{}' is no attribute's name", key.text()->bytes());
    if (!out.empty() || bound.flag(0, true)) out.append(" ");
    out.append(as_attribute_part(key, budget));
    out.append("=\"");
    out.append(as_attribute_part(member, budget));
    out.append("\"");
  }
  budget.pay_bytes(out.size());
  return out;
}

}  // namespace

Filter find(std::string_view name) {
  static const std::unordered_map<std::string_view, Filter> filters = {{"striptags", strip_tags_filter},
                                                                       {"xmlattr", attributes_filter}};
  const auto found = filters.find(name);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace shoal::jinja::markup_filters
