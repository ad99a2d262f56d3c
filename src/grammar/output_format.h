// The form of text that a client asks for, and its grammar.
#pragma once

#include <cstdint>
#include <string>

#include "grammar/grammar.h"

namespace shoal {

enum class OutputKind : uint8_t { free_text, json_object, json_schema, gbnf, regex };

struct OutputFormat {
  OutputKind kind = OutputKind::free_text;
  std::string source;  // the schema as JSON, the grammar, or the pattern that must match the whole text

  bool operator==(const OutputFormat&) const = default;
};

inline constexpr int64_t maximum_output_source = 1 << 20;  // bytes

// Not for free text. invalid_argument says what is wrong with the schema, grammar or pattern. Takes bounded
// time, usually a few milliseconds.
Result<Grammar> compile_output_format(const OutputFormat& format);

}  // namespace shoal
