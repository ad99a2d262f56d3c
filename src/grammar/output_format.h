// What form a client wants of the text, and the grammar of it.
#pragma once

#include <cstdint>
#include <string>

#include "grammar/grammar.h"

namespace shoal {

enum class OutputKind : uint8_t { free_text, json_object, json_schema, gbnf, regex };

struct OutputFormat {
  OutputKind kind = OutputKind::free_text;
  std::string source;  // the schema as JSON, the grammar, or the pattern that the whole text matches

  bool operator==(const OutputFormat&) const = default;
};

inline constexpr int64_t maximum_output_source = 1 << 20;  // bytes

// Not for free text. invalid_argument that says what is wrong with the schema or the grammar. Takes bounded
// time, usually a few milliseconds.
Result<Grammar> compile_output_format(const OutputFormat& format);

}  // namespace shoal
