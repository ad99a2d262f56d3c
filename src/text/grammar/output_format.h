// What form a client wants of the text, and grammars for it. Compiled grammars and the vocabulary's tree are
// kept, since clients ask for the same form again and again.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "text/grammar/grammar_vocabulary.h"

namespace shoal {

enum class OutputKind : uint8_t { free_text, json_object, json_schema, gbnf };

struct OutputFormat {
  OutputKind kind = OutputKind::free_text;
  std::string source;  // the schema as JSON, or the grammar

  bool operator==(const OutputFormat&) const = default;
};

inline constexpr int64_t kMaximumOutputSource = 1 << 20;  // bytes

// Not for free text. invalid_argument that says what is wrong with the schema or the grammar. Takes bounded
// time, usually a few milliseconds.
Result<Grammar> compile_output_format(const OutputFormat& format);

// One for each loaded model; any thread.
class OutputGrammars {
 public:
  // nullptr for free text. The tokenizer is always the same and outlives the grammars.
  Result<std::shared_ptr<const TokenGrammar>> find(const OutputFormat& format, const Tokenizer& tokenizer);

 private:
  static constexpr size_t kMaximumKept = 16;
  struct Entry {
    OutputFormat format;
    std::shared_ptr<const TokenGrammar> grammar;
  };

  Mutex mutex_;
  std::shared_ptr<const GrammarVocabulary> vocabulary_ GUARDED_BY(mutex_);
  std::list<Entry> kept_ GUARDED_BY(mutex_);  // the last used first
};

}  // namespace shoal
