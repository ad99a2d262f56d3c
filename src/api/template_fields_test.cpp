#include "api/template_fields.h"

#include <gtest/gtest.h>

#include "api/chat_request.h"

namespace shoal {
namespace {

std::string chat_with(const std::string& members) {
  return R"({"messages":[{"role":"user","content":"x"}])" + (members.empty() ? "" : "," + members) + "}";
}

TEST(TemplateFields, ReachTheTemplatesContext) {
  for (
      const auto& [members, expected] : std::vector<std::pair<std::string, std::string>>{
          {"", R"("add_generation_prompt": true)"},
          {R"("add_generation_prompt":false)", R"("add_generation_prompt": false)"},
          {R"("continue_final_message":true)",
           R"("add_generation_prompt": false, "continue_final_message": true)"},
          {R"("enable_thinking":false,"documents":[{"title":"T","text":"a"}])",
           R"("add_generation_prompt": true, "enable_thinking": false, "documents": [{"title": "T", "text": "a"}])"},
          {R"("reasoning_effort":"low","chat_template_kwargs":{"thinking":true})",
           R"("add_generation_prompt": true, "reasoning_effort": "low", "thinking": true)"},
          {R"("documents":[],"enable_thinking":null)", R"("add_generation_prompt": true)"}}) {
    const ApiResult<ChatRequest> request = parse_chat_request(chat_with(members));
    ASSERT_TRUE(request) << members;
    const auto context = parse_json(R"({"messages": [{"role": "user", "content": "x"}], )" + expected + "}");
    ASSERT_TRUE(context);
    EXPECT_EQ(make_chat_context(*request, std::nullopt), format_json(*context));
  }
}

TEST(TemplateFields, ThatAreWrongAreNamed) {
  for (const auto& [members, param] : std::vector<std::pair<std::string, std::string>>{
           {R"("add_generation_prompt":1)", "add_generation_prompt"},
           {R"("continue_final_message":"yes")", "continue_final_message"},
           {R"("continue_final_message":true,"add_generation_prompt":true)", "add_generation_prompt"},
           {R"("enable_thinking":"low")", "enable_thinking"},
           {R"("documents":{"a":1})", "documents"},
           {R"("reasoning_effort":1)", "reasoning_effort"},
           {R"("chat_template_kwargs":{"messages":[]})", "chat_template_kwargs"},
           {R"("documents":["a"])", "documents"}}) {
    const ApiResult<ChatRequest> request = parse_chat_request(chat_with(members));
    ASSERT_FALSE(request) << members;
    EXPECT_EQ(request.error().status, 400);
    EXPECT_EQ(request.error().param, param);
  }
}

}  // namespace
}  // namespace shoal
