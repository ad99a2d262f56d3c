// Any text is read as an answer in any style. Cut in pieces it gives the same events as whole, the arguments
// of every call are a JSON object, and nothing that is no call is lost. The first byte chooses the styles of
// calls and of thinking, the second the cut.
#include "answers/read_answer_for_test.h"
#include "base/check.h"
#include "base/utf8.h"

namespace {

const shoal::ToolSet& tools() {
  static const shoal::ToolSet example_tools(*shoal::parse_json(R"([
      {"type": "function", "function": {"name": "f", "parameters": {"properties": {
          "s": {"type": "string"}, "n": {"type": "number"}, "o": {"type": ["string", "null"]}, "a": {}}}}},
      {"type": "function", "function": {"name": "g.h"}}])"));
  return example_tools;
}

// parse_json() refuses exponents that are too large, so JSON with an exponent may fail.
void check_arguments(const std::string& json) {
  const shoal::Result<shoal::Value> value = shoal::parse_json(json);
  CHECK(value ? value->object() != nullptr : json.find_first_of("eE") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto style_count = static_cast<uint8_t>(shoal::last_call_style) + 1;
  const auto thinking_count = static_cast<uint8_t>(shoal::last_thinking_style) + 1;
  const shoal::AnswerStyle format{
      .calls = static_cast<shoal::CallStyle>(data[0] % style_count),
      .thinking = static_cast<shoal::ThinkingStyle>(data[0] / style_count % thinking_count)};
  const size_t stride = data[1] % 16 + 1;
  const std::string text =
      shoal::repair_utf8(std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  const std::vector<shoal::AnswerEvent> whole = shoal::read_events(format, tools(), {text});
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size(); at += stride)
    pieces.push_back(std::string_view(text).substr(at, stride));
  CHECK(shoal::read_events(format, tools(), pieces) == whole);
  const shoal::ReadAnswer answer = shoal::collect(whole);
  CHECK(shoal::has_lost_nothing(format, text, answer));
  for (const shoal::ReadCall& call : answer.calls) check_arguments(call.arguments);
  return 0;
}
