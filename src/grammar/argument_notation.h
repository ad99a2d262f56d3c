// How the arguments of a call are written where that is not as one JSON object: between tags, or as Python
// has them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grammar/expression.h"

namespace shoal {

enum class ValueNotation : uint8_t { json, python };

// What a parameter may be, as its schema says: readers and grammars of values without quotes have to agree on
// it.
enum class ParameterKind : uint8_t { unknown, text, text_or_null, other, either };

struct ArgumentNotation {
  ValueNotation values = ValueNotation::json;
  std::string key_pattern;  // of names that can be written
  Expression between;       // of two arguments
  Expression before_key, after_key;
  bool has_lines = false;  // a line break in front of a value and one behind it are no part of it
  Expression after_value;
  // Texts stand bare up to after_value, which as plain text is this; where it is empty they are quoted.
  std::string text_end = {};
  std::vector<std::string> other_ends = {};  // that their reader takes for one, so that no text has them
  std::function<ParameterKind(const std::string& parameter)> kind_of = {};  // of what stands bare
};

}  // namespace shoal
