#include "text/grammar/output_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/json_schema.h"

namespace shoal {

Result<Grammar> compile_output_format(const OutputFormat& format) {
  if (std::ssize(format.source) > kMaximumOutputSource) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("it has {} bytes, more than {}", format.source.size(), kMaximumOutputSource));
  }
  switch (format.kind) {
    case OutputKind::json_object: return compile_json_schema(Value::Object{{"type", "object"}});
    case OutputKind::json_schema: {
      const Result<Value> schema = parse_json(format.source);
      if (!schema) return fail(schema.error());
      return compile_json_schema(*schema);
    }
    case OutputKind::gbnf: return parse_gbnf(format.source);
    case OutputKind::free_text: break;
  }
  CHECK(false && "free text has no grammar");
}

Result<std::shared_ptr<const TokenGrammar>> OutputGrammars::find(const OutputFormat& format,
                                                                 const Tokenizer& tokenizer) {
  if (format.kind == OutputKind::free_text) return nullptr;
  {
    MutexLock lock(mutex_);
    const auto found = std::ranges::find(kept_, format, &Entry::format);
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->grammar;
    }
  }
  Result<Grammar> compiled = compile_output_format(format);
  if (!compiled) return fail(compiled.error());
  MutexLock lock(mutex_);
  if (vocabulary_ == nullptr) vocabulary_ = std::make_shared<const GrammarVocabulary>(tokenizer);
  auto grammar = std::make_shared<const TokenGrammar>(*std::move(compiled), vocabulary_);
  kept_.push_front({format, grammar});
  if (kept_.size() > kMaximumKept) kept_.pop_back();
  return grammar;
}

}  // namespace shoal
