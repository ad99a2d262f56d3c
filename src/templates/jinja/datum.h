// The values that a template computes with, and what Python makes of them: truth, equality, order, text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "json/value.h"
#include "templates/jinja/budget.h"
#include "templates/jinja/marked_text.h"

namespace shoal::jinja {

class Datum;
class Evaluator;
struct BigInteger;  // an integer beyond 64 bits, see integers.h
struct Arguments;

struct Undefined {
  std::shared_ptr<const std::string> name;  // the name that was looked for
};
struct None {};

enum class ListKind : uint8_t { list, tuple, generator };

// Dicts never change once they are made, and append() puts only copies into lists, so there are no cycles.
struct List {
  std::vector<Datum> items;
  ListKind kind = ListKind::list;
  int depth = 1;
};

struct Dict {
  using Member = std::pair<Datum, Datum>;
  std::vector<Member> members;
  int depth = 1;
  std::unordered_map<std::string_view, size_t> index;  // of the text keys; empty for few members

  const Datum* find(const Datum& key, Budget& budget) const;
  const Datum* find(std::string_view key) const;
};

// The only value that changes: namespace(), and values that are called like a function but remember something
// (loop, joiner). The evaluator empties all of them at its end, since they may form cycles.
struct Space {
  std::vector<std::pair<std::string, Datum>> members;
  Datum* find(std::string_view name);
  void set(std::string_view name, Datum value);
};

struct Callable {
  std::string name;
  std::function<Datum(Evaluator&, const Arguments&)> call;
};

class Datum {
 public:
  using Data = std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const MarkedText>,
                            std::shared_ptr<List>, std::shared_ptr<const Dict>, std::shared_ptr<Space>,
                            std::shared_ptr<const Callable>, std::shared_ptr<const BigInteger>>;

  Datum() = default;  // undefined
  Datum(None none) : data_(none) {}
  Datum(bool value) : data_(value) {}
  Datum(int64_t value) : data_(value) {}
  Datum(double value) : data_(value) {}
  Datum(MarkedText text) : data_(std::make_shared<const MarkedText>(std::move(text))) {}
  Datum(std::shared_ptr<Space> space) : data_(std::move(space)) {}
  Datum(std::shared_ptr<const Callable> callable) : data_(std::move(callable)) {}
  Datum(std::shared_ptr<const BigInteger> integer) : data_(std::move(integer)) {}
  static Datum undefined(std::string_view name);
  static Datum text(std::string_view template_text) {
    return MarkedText::of_template(std::string(template_text));
  }
  // Lists and dicts that are nested too deep throw Failure.
  static Datum list(std::vector<Datum> items, ListKind kind = ListKind::list);
  static Datum dict(std::vector<Dict::Member> members);

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  const BigInteger* big_integer() const { return get<BigInteger>(); }
  const double* number() const { return std::get_if<double>(&data_); }
  const MarkedText* text() const { return get<MarkedText>(); }
  List* list() const {
    const auto* pointer = std::get_if<std::shared_ptr<List>>(&data_);
    return pointer == nullptr ? nullptr : pointer->get();
  }
  const Dict* dict() const { return get<Dict>(); }
  Space* space() const {
    const auto* pointer = std::get_if<std::shared_ptr<Space>>(&data_);
    return pointer == nullptr ? nullptr : pointer->get();
  }
  const Callable* callable() const { return get<Callable>(); }
  const std::string& undefined_name() const;
  const Data& data() const { return data_; }

  // Booleans count as integers, as in Python.
  bool is_integer() const { return as_integer().has_value() || big_integer() != nullptr; }  // of any size
  bool is_number() const { return is_integer() || number() != nullptr; }
  std::optional<int64_t> as_integer() const;  // nullopt beyond 64 bits
  std::optional<double> as_number() const;    // throws Failure for an integer beyond all doubles
  bool truth() const;
  int depth() const;

 private:
  template <class T>
  const T* get() const {
    const auto* pointer = std::get_if<std::shared_ptr<const T>>(&data_);
    return pointer == nullptr ? nullptr : pointer->get();
  }
  Data data_;
};

// The arguments of a call of a filter, test, method or macro.
struct Arguments {
  std::vector<Datum> positional;
  std::vector<std::pair<std::string, Datum>> named;
};

// Arguments by parameter; a parameter that is not given is undefined. Throws Failure for too many or unknown
// ones.
class Bound {
 public:
  Bound(std::string_view callee, const Arguments& arguments,
        std::initializer_list<std::string_view> parameters);

  bool has(size_t parameter) const { return given_[parameter]; }
  const Datum& operator[](size_t parameter) const { return values_[parameter]; }
  // The value of a parameter, or `otherwise` when it is not given. Throws Failure for another type.
  bool flag(size_t parameter, bool otherwise) const;
  int64_t integer(size_t parameter, int64_t otherwise) const;
  // integer() fails beyond 64 bits; clamped() gives the nearest integer of 64 bits then.
  int64_t clamped(size_t parameter, int64_t otherwise) const;
  MarkedText text(size_t parameter, std::string_view otherwise) const;

 private:
  std::string callee_;
  std::vector<Datum> values_;
  std::vector<bool> given_;
  std::vector<std::string_view> names_;
};

std::string_view type_name(const Datum& value);  // as Python names it

// The 64-bit integer that is nearest to an integer of any size; nullopt for everything else.
std::optional<int64_t> clamped_integer(const Datum& value);

bool equal(const Datum& left, const Datum& right, Budget& budget);
// -1, 0 or 1; throws Failure for types that have no order.
int compare(const Datum& left, const Datum& right, Budget& budget);

// Python's str() and repr(). Text that came from input stays marked.
MarkedText to_text(const Datum& value, Budget& budget);
MarkedText to_repr(const Datum& value, Budget& budget);

// Python's json.dumps.
MarkedText to_json(const Datum& value, const JsonStyle& style, Budget& budget);

// Appends a copy of the value, so that no list can contain itself.
void append(List& list, const Datum& value, Budget& budget);

// Throws Failure for what cannot be a key of a dict, such as lists and dicts.
void check_key(const Datum& value);

// The items of a list, the characters of a text, the keys of a dict; none for undefined. Throws Failure for
// other values.
std::vector<Datum> iterate(const Datum& value, Budget& budget);

// Converts a value of the context. Texts are marked as input if `from_input`, except a "role" that is a plain
// word.
Datum from_value(const Value& value, bool from_input);

}  // namespace shoal::jinja
