// How a call's arguments are written when they are not one JSON object: between tags, or as in Python.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

enum class ValueNotation : uint8_t { json, python };

// What a parameter may be, as its schema says. Readers and grammars of values without quotes must agree on
// it.
enum class ParameterKind : uint8_t { unknown, text, text_or_null, other, either };

struct ArgumentNotation {
  ValueNotation values = ValueNotation::json;
  std::string key_pattern;  // the names that can be written
  Expression between;       // what is written between two arguments
  Expression before_key, after_key;
  bool has_lines = false;  // a line break before a value and one after it are not part of it
  Expression after_value;
  // The end of a text without quotes: after_value as plain text. Empty: texts are in quotes.
  std::string text_end = {};
  std::vector<std::string> other_ends =
      {};  // other marks that the reader takes for the end, so no text may contain them
  std::function<ParameterKind(const std::string& parameter)> kind_of = {};  // for values without quotes
};

}  // namespace shoal
