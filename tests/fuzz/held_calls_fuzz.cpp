// Calls are held to a function whose parameters are any JSON. It is refused, or our own reader finds only
// well-formed calls of the function in a text of the grammar. The first byte chooses the styles of calls and
// of thinking, the second whether a call is required and whether there may be several.
#include "answers/answer_grammar.h"
#include "answers/read_answer_for_test.h"
#include "base/check.h"
#include "grammar_walk.h"
#include "tokens/fake_tokenizer_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto style_count = static_cast<uint8_t>(shoal::last_call_style) + 1;
  const auto thinking_count = static_cast<uint8_t>(shoal::last_thinking_style) + 1;
  shoal::AnswerForm form;
  form.format = {.calls = static_cast<shoal::CallStyle>(data[0] % style_count),
                 .thinking = static_cast<shoal::ThinkingStyle>(data[0] / style_count % thinking_count)};
  const bool is_required = data[1] % 2 == 0;
  const auto parameters =
      shoal::parse_json(std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  if (!parameters || form.format.calls == shoal::CallStyle::none) return 0;
  shoal::Value tools = *shoal::parse_json(R"([{"type":"function","function":{"name":"f","strict":true}}])");
  tools.array()->front().object()->back().second.set("parameters", *parameters);
  form.tools = {.choice = is_required ? shoal::ToolChoice::required : shoal::ToolChoice::automatic,
                .is_parallel = data[1] / 2 % 2 == 0,
                .functions = shoal::format_json(tools)};
  const shoal::FakeTokenizer tokenizer({"a"});
  const auto grammar = shoal::compile_answer_form(form, tokenizer);
  if (!grammar) {
    CHECK(grammar.error().code == shoal::ErrorCode::invalid_argument && !grammar.error().message.empty());
    return 0;
  }
  CHECK(grammar->has_value());
  const auto text = shoal::walk_grammar(**grammar, 400);
  if (!text) return 0;
  const shoal::ReadAnswer answer = shoal::read_answer(form.format, shoal::ToolSet(tools), *text);
  CHECK(!is_required || !answer.calls.empty());
  for (const shoal::ReadCall& call : answer.calls) {
    const auto arguments = shoal::parse_json(call.arguments);
    CHECK(call.name == "f" && arguments && arguments->object() != nullptr);
  }
  return 0;
}
