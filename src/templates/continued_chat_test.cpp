#include "templates/continued_chat.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

Value chat(std::string last) {
  return Value::Object{
      {"messages", Value::Array{Value::Object{{"role", "user"}, {"content", "Say hello"}},
                                Value::Object{{"role", "assistant"}, {"content", std::move(last)}}}},
      {"continue_final_message", true}};
}

RenderedChat render(const Value& context, std::string_view source) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  EXPECT_TRUE(parsed);
  Result<RenderedChat> rendered = parsed->render_marked(context);
  EXPECT_TRUE(rendered);
  return rendered ? std::move(*rendered) : RenderedChat();
}

constexpr std::string_view plain_template =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>\n{% endfor %}";
constexpr std::string_view trimming =
    "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}<end>\n{% endfor %}";

TEST(ContinuedChat, EndsWithTheLastMessagesWords) {
  EXPECT_TRUE(continues_last_message(chat("a")));
  EXPECT_FALSE(continues_last_message(Value(Value::Object{{"continue_final_message", false}})));
  for (const auto& [last, source, expected] :
       std::vector<std::tuple<std::string, std::string_view, std::string>>{
           {"Hello,", plain_template, "<user>Say hello<end>\n<assistant>Hello,"},
           {" Hello, ", plain_template, "<user>Say hello<end>\n<assistant> Hello, "},
           {"Hello, ", trimming, "<user>Say hello<end>\n<assistant>Hello,"},
           {"hello", plain_template, "<user>Say hello<end>\n<assistant>hello"}}) {
    const Value context = chat(last);
    RenderedChat rendered = render(context, source);
    ASSERT_TRUE(cut_behind_last_message(context, rendered));
    EXPECT_EQ(rendered.text, expected);
    ASSERT_FALSE(rendered.from_context.empty());
    EXPECT_EQ(rendered.from_context.back().end, static_cast<int64_t>(expected.size()));
  }
}

TEST(ContinuedChat, NeedsWordsThatTheTemplateShows) {
  for (const auto& [last, source] : std::vector<std::pair<std::string, std::string_view>>{
           {"", plain_template}, {" \n", plain_template}, {"Hello", "{{ messages[0].content }}"}}) {
    const Value context = chat(last);
    RenderedChat rendered = render(context, source);
    const Result<void> cut = cut_behind_last_message(context, rendered);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::invalid_argument);
  }
  RenderedChat empty;
  EXPECT_FALSE(cut_behind_last_message(Value(Value::Object{}), empty));
}

}  // namespace
}  // namespace shoal
