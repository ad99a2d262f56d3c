// Any bytes as a tokenizer.json, then a few texts through it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/detokenizer.h"
#include "text/tokenizer_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = shoal::parse_tokenizer_json(json);
  if (!tokenizer) return 0;
  for (const std::string_view text :
       {"", " Hello  world's 123\r\n\t!", "日本語 \xF0\x9F\x98\x80 e\xCC\x81", "<s>a</s>",
        "\xFF\xC3(\xE2\x82", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    for (const auto special : {shoal::SpecialTokens::parse, shoal::SpecialTokens::as_text}) {
      const std::vector<shoal::TokenId> ids = (*tokenizer)->encode(text, special);
      shoal::StreamingDetokenizer detokenizer(**tokenizer, {"a"});
      for (const shoal::TokenId id : ids) detokenizer.add(id);
      detokenizer.finish();
      (*tokenizer)->decode(ids);
    }
  }
  return 0;
}
