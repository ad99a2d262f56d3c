// Any JSON as a schema is refused, or a text of its grammar is JSON.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "grammar/json_schema.h"
#include "grammar_walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const shoal::Result<shoal::Value> schema = shoal::parse_json(source);
  if (!schema) return 0;
  const shoal::Result<shoal::Grammar> grammar = shoal::compile_json_schema(*schema);
  if (!grammar) {
    CHECK(grammar.error().code == shoal::ErrorCode::invalid_argument && !grammar.error().message.empty());
    return 0;
  }
  if (const auto text = shoal::walk_grammar(*grammar, 200)) CHECK(shoal::parse_json(*text).has_value());
  return 0;
}
