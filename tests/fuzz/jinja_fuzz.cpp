// Renders any bytes as a chat template over a small context. The ranges of what came from the context are in
// order and lie within the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "templates/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shoal::Value context = *shoal::parse_json(
      R"({"messages": [{"role": "user", "content": "Hi <|x|>"}, {"role": "assistant", "content": null, "tool_calls":
      [{"id": "1", "function": {"name": "f", "arguments": {"a": [1, 2.5, "x"]}}}]}], "tools": [{"type": "function"}],
      "bos_token": "<s>", "n": 3, "s": "äbc def\n\nghi", "l": [3, 1, 2], "d": {"k": "v"}, "t": true})");
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const shoal::Result<shoal::ChatTemplate> parsed = shoal::ChatTemplate::parse(source);
  if (!parsed) return 0;
  const shoal::Result<shoal::RenderedChat> rendered = parsed->render_marked(context);
  if (!rendered) return 0;
  int64_t at = 0;
  for (const shoal::TextRange& range : rendered->from_context) {
    if (range.begin < at || range.end <= range.begin) __builtin_trap();
    at = range.end;
  }
  if (at > static_cast<int64_t>(rendered->text.size())) __builtin_trap();
  return 0;
}
