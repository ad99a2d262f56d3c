#include "templates/jinja/datum.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "templates/jinja/integers.h"
#include "tokens/unicode.h"

namespace shoal::jinja {

namespace {

constexpr size_t indexed_from = 12;

}  // namespace

const Datum* Dict::find(std::string_view key) const {
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &members[found->second].second;
  }
  for (const auto& [name, value] : members) {
    if (name.text() != nullptr && name.text()->bytes() == key) return &value;
  }
  return nullptr;
}

const Datum* Dict::find(const Datum& key, Budget& budget) const {
  if (key.text() != nullptr) return find(key.text()->bytes());
  budget.pay_steps(static_cast<int64_t>(members.size()));
  for (const auto& [name, value] : members) {
    if (name.text() == nullptr && equal(name, key, budget)) return &value;
  }
  return nullptr;
}

Datum* Space::find(std::string_view name) {
  for (auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Space::set(std::string_view name, Datum value) {
  if (Datum* member = find(name)) {
    *member = std::move(value);
    return;
  }
  constexpr size_t maximum_members = 1000;
  if (members.size() >= maximum_members) give_up("a namespace has more than {} members", maximum_members);
  members.emplace_back(name, std::move(value));
}

Datum Datum::undefined(std::string_view name) {
  Datum value;
  value.data_ = Undefined{std::make_shared<const std::string>(name)};
  return value;
}

Datum Datum::list(std::vector<Datum> items, ListKind kind) {
  auto list = std::make_shared<List>();
  for (const Datum& item : items) list->depth = std::max(list->depth, item.depth() + 1);
  if (list->depth > Budget::value_depth)
    give_up("a list is nested deeper than {} levels", Budget::value_depth);
  list->items = std::move(items);
  list->kind = kind;
  Datum value;
  value.data_ = std::move(list);
  return value;
}

Datum Datum::dict(std::vector<Dict::Member> members) {
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, member] : members) dict->depth = std::max(dict->depth, member.depth() + 1);
  if (dict->depth > Budget::value_depth)
    give_up("a dict is nested deeper than {} levels", Budget::value_depth);
  dict->members = std::move(members);
  if (dict->members.size() >= indexed_from) {
    for (size_t i = 0; i < dict->members.size(); ++i) {
      if (const MarkedText* key = dict->members[i].first.text()) dict->index.emplace(key->bytes(), i);
    }
  }
  Datum value;
  value.data_ = std::shared_ptr<const Dict>(std::move(dict));
  return value;
}

const std::string& Datum::undefined_name() const {
  static const std::string unnamed = "a value";
  const auto* undefined = std::get_if<Undefined>(&data_);
  return undefined == nullptr || undefined->name == nullptr ? unnamed : *undefined->name;
}

std::optional<int64_t> Datum::as_integer() const {
  if (const bool* value = boolean()) return *value ? 1 : 0;
  if (const int64_t* value = integer()) return *value;
  return std::nullopt;
}

std::optional<double> Datum::as_number() const {
  if (const double* value = number()) return *value;
  if (const auto value = as_integer()) return static_cast<double>(*value);
  if (const BigInteger* value = big_integer()) return to_number(*value);
  return std::nullopt;
}

bool Datum::truth() const {
  if (is_undefined() || is_none()) return false;
  if (big_integer() != nullptr) return true;
  if (const auto value = as_number()) return *value != 0;
  if (const MarkedText* value = text()) return !value->empty();
  if (const List* value = list()) return value->kind == ListKind::generator || !value->items.empty();
  if (const Dict* value = dict()) return !value->members.empty();
  return true;
}

int Datum::depth() const {
  if (const List* value = list()) return value->depth;
  if (const Dict* value = dict()) return value->depth;
  return 0;
}

Bound::Bound(std::string_view callee, const Arguments& arguments,
             std::initializer_list<std::string_view> parameters)
    : callee_(callee), values_(parameters.size()), given_(parameters.size(), false), names_(parameters) {
  if (arguments.positional.size() > parameters.size()) {
    give_up("{}() takes {} arguments, not {}", callee, parameters.size(), arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = arguments.positional[i];
    given_[i] = true;
  }
  for (const auto& [name, value] : arguments.named) {
    const auto parameter = std::ranges::find(names_, name);
    if (parameter == names_.end()) give_up("{}() has no parameter '{}'", callee, name);
    const auto index = static_cast<size_t>(parameter - names_.begin());
    if (given_[index]) give_up("{}() got '{}' twice", callee, name);
    values_[index] = value;
    given_[index] = true;
  }
}

bool Bound::flag(size_t parameter, bool otherwise) const {
  return has(parameter) ? values_[parameter].truth() : otherwise;
}

int64_t Bound::integer(size_t parameter, int64_t otherwise) const {
  if (!has(parameter)) return otherwise;
  if (values_[parameter].big_integer() != nullptr)
    give_up("{}(): '{}' is too large", callee_, names_[parameter]);
  return clamped(parameter, otherwise);
}

int64_t Bound::clamped(size_t parameter, int64_t otherwise) const {
  if (!has(parameter)) return otherwise;
  const std::optional<int64_t> value = clamped_integer(values_[parameter]);
  if (!value)
    give_up("{}(): '{}' is no integer but {}", callee_, names_[parameter], type_name(values_[parameter]));
  return *value;
}

MarkedText Bound::text(size_t parameter, std::string_view otherwise) const {
  if (!has(parameter)) return MarkedText::of_template(std::string(otherwise));
  const MarkedText* value = values_[parameter].text();
  if (value == nullptr)
    give_up("{}(): '{}' is no text but {}", callee_, names_[parameter], type_name(values_[parameter]));
  return *value;
}

std::string_view type_name(const Datum& value) {
  struct Namer {
    std::string_view operator()(const Undefined&) const { return "Undefined"; }
    std::string_view operator()(const None&) const { return "NoneType"; }
    std::string_view operator()(bool) const { return "bool"; }
    std::string_view operator()(int64_t) const { return "int"; }
    std::string_view operator()(double) const { return "float"; }
    std::string_view operator()(const std::shared_ptr<const MarkedText>&) const { return "str"; }
    std::string_view operator()(const std::shared_ptr<List>& list) const {
      if (list->kind == ListKind::generator) return "generator";
      return list->kind == ListKind::tuple ? "tuple" : "list";
    }
    std::string_view operator()(const std::shared_ptr<const Dict>&) const { return "dict"; }
    std::string_view operator()(const std::shared_ptr<Space>&) const { return "Namespace"; }
    std::string_view operator()(const std::shared_ptr<const Callable>&) const { return "function"; }
    std::string_view operator()(const std::shared_ptr<const BigInteger>&) const { return "int"; }
  };
  return std::visit(Namer{}, value.data());
}

std::optional<int64_t> clamped_integer(const Datum& value) {
  if (const BigInteger* big = value.big_integer()) return is_negative(*big) ? INT64_MIN : INT64_MAX;
  return value.as_integer();
}

namespace {

bool is_not_a_number(const Datum& value) { return value.number() != nullptr && std::isnan(*value.number()); }

}  // namespace

bool equal(const Datum& left, const Datum& right, Budget& budget) {
  budget.pay_steps(1);
  if (left.is_number() || right.is_number()) {
    const bool are_ordered = !is_not_a_number(left) && !is_not_a_number(right);
    return left.is_number() && right.is_number() && are_ordered && compare_numbers(left, right) == 0;
  }
  if (left.text() != nullptr && right.text() != nullptr) {
    budget.pay_steps(left.text()->size() / 256);
    return left.text()->bytes() == right.text()->bytes();
  }
  if (left.is_undefined() || right.is_undefined()) return left.is_undefined() && right.is_undefined();
  if (left.is_none() || right.is_none()) return left.is_none() && right.is_none();
  if (const List *l = left.list(), *r = right.list(); l != nullptr && r != nullptr) {
    if (l == r) return true;
    return l->kind == r->kind && l->items.size() == r->items.size() &&
           std::ranges::equal(l->items, r->items, [&](const Datum& one, const Datum& other) {
             return equal(one, other, budget);
           });
  }
  if (const Dict *l = left.dict(), *r = right.dict(); l != nullptr && r != nullptr) {
    if (l->members.size() != r->members.size()) return false;
    return std::ranges::all_of(l->members, [&](const Dict::Member& member) {
      const Datum* other = r->find(member.first, budget);
      return other != nullptr && equal(member.second, *other, budget);
    });
  }
  if (left.space() != nullptr) return left.space() == right.space();
  return left.callable() != nullptr && left.callable() == right.callable();
}

int compare(const Datum& left, const Datum& right, Budget& budget) {
  budget.pay_steps(1);
  if (left.is_number() && right.is_number()) {
    const bool are_ordered = !is_not_a_number(left) && !is_not_a_number(right);
    return are_ordered ? compare_numbers(left, right) : 0;
  }
  if (left.text() != nullptr && right.text() != nullptr) {
    budget.pay_steps(left.text()->size() / 256);
    const int order = left.text()->bytes().compare(right.text()->bytes());
    return order < 0 ? -1 : order > 0;
  }
  if (const List *l = left.list(), *r = right.list(); l != nullptr && r != nullptr && l->kind == r->kind) {
    for (size_t i = 0; i < std::min(l->items.size(), r->items.size()); ++i) {
      if (!equal(l->items[i], r->items[i], budget)) return compare(l->items[i], r->items[i], budget);
    }
    return l->items.size() < r->items.size() ? -1 : l->items.size() > r->items.size();
  }
  for (const Datum* side : {&left, &right}) {
    if (side->is_undefined()) give_up("'{}' is undefined", side->undefined_name());
  }
  give_up("{} and {} have no order", type_name(left), type_name(right));
}

namespace {

// Python's repr of a text: in single quotes, unless it contains single quotes and no double ones.
std::string repr_of(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < size;) {
    const CodePoint c = decode_utf8(text, at);
    at += c.length;
    if (c.value == static_cast<char32_t>(quote) || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (is_printable(c.value)) {
      append_utf8(c.value, out);
    } else if (c.value < 0x100) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint32_t>(c.value));
    } else if (c.value < 0x10000) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(c.value));
    } else {
      fmt::format_to(std::back_inserter(out), "\\U{:08x}", static_cast<uint32_t>(c.value));
    }
  }
  return out + quote;
}

class ReprWriter {
 public:
  explicit ReprWriter(Budget& budget) : budget_(budget) {}

  void write(const Datum& value) {
    budget_.pay_steps(1);
    if (value.is_undefined()) {
      out.append("Undefined");
    } else if (value.is_none()) {
      out.append("None");
    } else if (const bool* boolean = value.boolean()) {
      out.append(*boolean ? "True" : "False");
    } else if (const int64_t* integer = value.integer()) {
      out.append(std::to_string(*integer));
    } else if (const BigInteger* big = value.big_integer()) {
      const std::string digits = to_digits(*big);
      budget_.pay_steps(static_cast<int64_t>(digits.size()));
      out.append(digits);
    } else if (const double* number = value.number()) {
      out.append(format_number(*number));
    } else if (const MarkedText* text = value.text()) {
      budget_.pay_bytes(text->size() + 2);
      if (text->safe()) out.append("Markup(");
      out.append(MarkedText::made_of(*text, repr_of(text->bytes())));
      if (text->safe()) out.append(")");
    } else if (const List* list = value.list()) {
      write_list(*list);
    } else if (const Dict* dict = value.dict()) {
      write_dict(*dict);
    } else if (const Space* space = value.space()) {
      write_space(*space);
    } else {
      out.append(fmt::format("<function {}>", value.callable()->name));
    }
  }

  MarkedText out;

 private:
  void write_list(const List& list) {
    out.append(list.kind == ListKind::tuple ? "(" : "[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out.append(", ");
      write(list.items[i]);
    }
    if (list.kind == ListKind::tuple && list.items.size() == 1) out.append(",");
    out.append(list.kind == ListKind::tuple ? ")" : "]");
  }
  void write_dict(const Dict& dict) {
    out.append("{");
    for (size_t i = 0; i < dict.members.size(); ++i) {
      if (i > 0) out.append(", ");
      write(dict.members[i].first);
      out.append(": ");
      write(dict.members[i].second);
    }
    out.append("}");
  }

  void write_space(const Space& space) {
    if (++depth_ > Budget::value_depth) give_up("a namespace holds itself");
    out.append("<Namespace {");
    for (size_t i = 0; i < space.members.size(); ++i) {
      if (i > 0) out.append(", ");
      out.append(repr_of(space.members[i].first));
      out.append(": ");
      write(space.members[i].second);
    }
    out.append("}>");
    --depth_;
  }

  Budget& budget_;
  int depth_ = 0;  // nesting of namespaces
};

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {}

  Value convert(const Datum& value) {
    budget_.pay_steps(1);
    if (value.is_none()) return {};
    if (const bool* boolean = value.boolean()) return *boolean;
    if (const int64_t* integer = value.integer()) return *integer;
    if (const double* number = value.number()) return *number;
    if (const BigInteger* big = value.big_integer()) return Value::of_digits(to_digits(*big));
    if (const MarkedText* text = value.text()) {
      budget_.pay_bytes(text->size());
      any_input_ = any_input_ || text->any_input();
      return text->bytes();
    }
    if (const List* list = value.list()) {
      Value::Array items;
      items.reserve(list->items.size());
      for (const Datum& item : list->items) items.push_back(convert(item));
      return items;
    }
    if (const Dict* dict = value.dict()) return convert_dict(*dict);
    give_up("a {} has no JSON form", type_name(value));
  }

  MarkedText write(const Datum& value) {
    const Value converted = convert(value);
    std::string json = format_json(converted, style_);
    budget_.pay_bytes(static_cast<int64_t>(json.size()));
    return any_input_ ? MarkedText::of_input(std::move(json)) : MarkedText::of_template(std::move(json));
  }

 private:
  Value convert_dict(const Dict& dict) {
    Value::Object members;
    members.reserve(dict.members.size());
    const auto is_text = [](const Dict::Member& member) { return member.first.text() != nullptr; };
    if (style_.sorted_keys && std::ranges::any_of(dict.members, is_text) &&
        !std::ranges::all_of(dict.members, is_text)) {
      give_up("texts and other keys have no order");
    }
    for (const auto& [key, member] : dict.members) {
      std::string name;
      if (const MarkedText* text = key.text()) {
        any_input_ = any_input_ || text->any_input();
        name = text->bytes();
      } else {
        name = format_json(convert(key), style_);
      }
      members.emplace_back(std::move(name), convert(member));
    }
    return members;
  }

  const JsonStyle& style_;
  Budget& budget_;
  bool any_input_ = false;
};

}  // namespace

MarkedText to_repr(const Datum& value, Budget& budget) {
  ReprWriter writer(budget);
  writer.write(value);
  budget.pay_bytes(writer.out.size());
  return std::move(writer.out);
}

MarkedText to_text(const Datum& value, Budget& budget) {
  if (value.is_undefined()) return {};
  if (value.text() != nullptr) return *value.text();
  return to_repr(value, budget);
}

MarkedText to_json(const Datum& value, const JsonStyle& style, Budget& budget) {
  return JsonWriter(style, budget).write(value);
}

namespace {

Datum deep_copy(const Datum& value, Budget& budget) {
  budget.pay_steps(1);
  if (const List* list = value.list()) {
    std::vector<Datum> items;
    for (const Datum& item : list->items) items.push_back(deep_copy(item, budget));
    return Datum::list(std::move(items), list->kind);
  }
  if (const Dict* dict = value.dict()) {
    std::vector<Dict::Member> members;
    for (const auto& [key, member] : dict->members) members.emplace_back(key, deep_copy(member, budget));
    return Datum::dict(std::move(members));
  }
  // A method refers to the list that it belongs to, so appending it could make a cycle.
  if (value.callable() != nullptr) give_up("a function cannot be appended to a list");
  return value;
}

}  // namespace

void append(List& list, const Datum& value, Budget& budget) {
  Datum copy = deep_copy(value, budget);
  const int depth = copy.depth() + 1;
  if (depth > Budget::value_depth) give_up("a list is nested deeper than {} levels", Budget::value_depth);
  list.depth = std::max(list.depth, depth);
  list.items.push_back(std::move(copy));
}

void check_key(const Datum& value) {
  const List* list = value.list();
  if (value.dict() != nullptr || (list != nullptr && list->kind == ListKind::list)) {
    give_up("a {} cannot be a key", type_name(value));
  }
  if (list == nullptr || list->kind != ListKind::tuple) return;
  for (const Datum& item : list->items) check_key(item);
}

std::vector<Datum> iterate(const Datum& value, Budget& budget) {
  std::vector<Datum> items;
  if (const List* list = value.list()) {
    budget.pay_steps(static_cast<int64_t>(list->items.size()));
    return list->items;
  }
  if (const Dict* dict = value.dict()) {
    budget.pay_steps(static_cast<int64_t>(dict->members.size()));
    for (const auto& [key, member] : dict->members) items.push_back(key);
    return items;
  }
  if (const MarkedText* text = value.text()) {
    budget.pay_steps(8 * text->size());
    for (int64_t at = 0; at < text->size();) {
      const int64_t end = at + decode_utf8(text->bytes(), at).length;
      MarkedText character = text->slice(at, end);
      character.set_safe(false);
      items.emplace_back(std::move(character));
      at = end;
    }
    return items;
  }
  if (value.is_undefined()) return items;
  give_up("a {} has no items to go through", type_name(value));
}

namespace {

bool is_plain_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Datum from_value(const Value& value, bool from_input) {
  if (value.is_null()) return None{};
  if (const bool* boolean = value.boolean()) return *boolean;
  if (const int64_t* integer = value.integer()) return *integer;
  if (!value.big_integer().empty()) return parse_integer(value.big_integer(), 10);
  if (const double* number = value.number()) return *number;
  if (const std::string* text = value.text()) {
    std::string valid = is_valid_utf8(*text) ? *text : repair_utf8(*text);
    return from_input ? MarkedText::of_input(std::move(valid)) : MarkedText::of_template(std::move(valid));
  }
  if (const Value::Array* array = value.array()) {
    std::vector<Datum> items;
    items.reserve(array->size());
    for (const Value& item : *array) items.push_back(from_value(item, from_input));
    return Datum::list(std::move(items));
  }
  std::vector<Dict::Member> members;
  members.reserve(value.object()->size());
  for (const auto& [name, member] : *value.object()) {
    const bool plain_role = name == "role" && member.text() != nullptr && is_plain_word(*member.text());
    const std::string key = is_valid_utf8(name) ? name : repair_utf8(name);
    members.emplace_back(from_input ? MarkedText::of_input(key) : MarkedText::of_template(key),
                         from_value(member, from_input && !plain_role));
  }
  return Datum::dict(std::move(members));
}

}  // namespace shoal::jinja
