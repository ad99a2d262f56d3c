#include "grammar/output_format.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"

namespace shoal {
namespace {

Result<Grammar> compile_regex(std::string_view pattern) {
  Result<Expression> text = parse_regex(pattern);
  if (!text) return fail(text.error());
  GrammarBuilder builder;
  const int32_t root = builder.add_rule("of the pattern");
  builder.define(root, *std::move(text));
  return builder.build(root);
}

}  // namespace

Result<Grammar> compile_output_format(const OutputFormat& format) {
  if (std::ssize(format.source) > maximum_output_source) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("it has {} bytes, more than {}", format.source.size(), maximum_output_source));
  }
  switch (format.kind) {
    case OutputKind::json_object: return compile_json_schema(Value::Object{{"type", "object"}});
    case OutputKind::json_schema: {
      const Result<Value> schema = parse_json(format.source);
      if (!schema) return fail(schema.error());
      return compile_json_schema(*schema);
    }
    case OutputKind::gbnf: return parse_gbnf(format.source);
    case OutputKind::regex: return compile_regex(format.source);
    case OutputKind::free_text: break;
  }
  CHECK(false && "free text has no grammar");
}

}  // namespace shoal
