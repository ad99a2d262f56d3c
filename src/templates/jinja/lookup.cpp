#include "templates/jinja/evaluator.h"

namespace shoal::jinja {

Datum Evaluator::attribute(const Datum& value, std::string_view name) {
  if (Space* space = value.space()) {
    const Datum* member = space->find(name);
    return member != nullptr ? *member : Datum::undefined(name);
  }
  if (changes_value(value, name)) return Datum::undefined(fmt::format("{}.{}", type_name(value), name));
  if (Datum method = find_method(value, name); !method.is_undefined()) return method;
  if (const Dict* dict = value.dict()) {
    if (const Datum* member = dict->find(name)) return *member;
  }
  return Datum::undefined(name);
}

Datum Evaluator::item(const Datum& value, const Datum& key) {
  if (const Dict* dict = value.dict()) {
    if (const Datum* member = dict->find(key, budget_)) return *member;
  }
  const std::optional<int64_t> index = key.as_integer();
  if (const List* list = value.list(); list != nullptr && index) {
    const auto count = static_cast<int64_t>(list->items.size());
    const int64_t at = *index < 0 ? *index + count : *index;
    if (at >= 0 && at < count) return list->items[static_cast<size_t>(at)];
    return Datum::undefined(fmt::format("item {}", *index));
  }
  if (const MarkedText* text = value.text(); text != nullptr && index) {
    budget_.pay_steps(text->size() / 64);
    const int64_t count = text->character_count();
    const int64_t at = *index < 0 ? *index + count : *index;
    if (at >= 0 && at < count) return text->slice(text->byte_offset(at), text->byte_offset(at + 1));
    return Datum::undefined(fmt::format("character {}", *index));
  }
  if (Space* space = value.space(); space != nullptr && key.text() != nullptr) {
    const Datum* member = space->find(key.text()->bytes());
    return member != nullptr ? *member : Datum::undefined(key.text()->bytes());
  }
  if (key.text() != nullptr) {
    Datum method = find_method(value, key.text()->bytes());
    return method.is_undefined() ? Datum::undefined(key.text()->bytes()) : method;
  }
  return Datum::undefined("an item");
}

}  // namespace shoal::jinja
