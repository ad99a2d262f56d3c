// Any bytes are read as GBNF. The grammar accepts what its masks allow, and whether the text may end does not
// depend on how it was cut into tokens.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "grammar/gbnf.h"
#include "grammar/grammar_matcher.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace {

const shoal::FakeTokenizer& tokenizer() {
  static const shoal::FakeTokenizer fuzz_tokenizer(
      {"a",  "b",   "ab",  "(", ")",   "()",   " ",    "\n",           "0",  "1.",
       "\"", "\":", "{\"", "x", "abc", "\xC3", "\xA4", "\xE6\x97\xA5", "}}", "<end>"},
      {19}, {19});
  return fuzz_tokenizer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  shoal::Result<shoal::Grammar> grammar = shoal::parse_gbnf(source);
  if (!grammar) return 0;
  static const auto vocabulary = std::make_shared<const shoal::GrammarVocabulary>(tokenizer());
  const auto shared = std::make_shared<const shoal::TokenGrammar>(*std::move(grammar), vocabulary);
  shoal::GrammarMatcher matcher(shared);
  shoal::GrammarMatcher by_bytes(shared);
  uint32_t random = 12345;
  for (int i = 0; i < 40 && matcher.can_go_on(); ++i) {
    const shoal::TokenMask& mask = matcher.mask();
    std::vector<shoal::TokenId> allowed;
    for (shoal::TokenId token = 0; token < 19; ++token) {
      if (mask.allows(token)) allowed.push_back(token);
    }
    CHECK(mask.allows(19) == matcher.can_end());
    if (allowed.empty()) break;
    random = random * 1664525 + 1013904223;
    const shoal::TokenId token = allowed[(random >> 8) % allowed.size()];
    CHECK(matcher.accept(token));
    for (const char byte : tokenizer().token_bytes(token)) CHECK(by_bytes.accept(std::string_view(&byte, 1)));
    CHECK(by_bytes.can_end() == matcher.can_end());
  }
  return 0;
}
