#include "cli/conversation_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

using testing::HasSubstr;

std::string reply(std::string_view line, ConversationState& state) {
  return run_conversation_command(line, state).text;
}

TEST(ConversationCommands, OnlyWhatStandsBehindASlashIsACommand) {
  for (const char* line : {"/help", "/?", "/set parameter stop a/b", "/nothing", "/"}) {
    EXPECT_TRUE(is_conversation_command(line)) << line;
  }
  for (const char* line : {"", "hello", "what is /help?", "/usr/bin is what?", "/etc/passwd", "//"}) {
    EXPECT_FALSE(is_conversation_command(line)) << line;
  }
}

TEST(ConversationCommands, ParametersBecomeMembersOfTheRequestsByOurNames) {
  ConversationState state;
  for (const char* line : {"/set parameter temperature 0.5", "/set parameter num_predict 12",
                           "/set parameter seed -3", "/set parameter repeat_penalty 1.1",
                           "/set parameter stop \"a \\ b\"", "/set format json", "/set nothink"}) {
    EXPECT_NE(reply(line, state), "") << line;
  }
  EXPECT_EQ(state.settings,
            (std::map<std::string, std::string>{{"temperature", "0.5"},
                                                {"max_tokens", "12"},
                                                {"seed", "-3"},
                                                {"repetition_penalty", "1.1"},
                                                {"stop", R"(["a \\ b"])"},
                                                {"response_format", R"({"type": "json_object"})"},
                                                {"enable_thinking", "false"}}));
  EXPECT_THAT(reply("/show parameters", state), HasSubstr("repetition_penalty 1.1"));
  reply("/set parameter num_predict -1", state);
  reply("/set noformat", state);
  EXPECT_FALSE(state.settings.contains("max_tokens"));
  EXPECT_FALSE(state.settings.contains("response_format"));
}

TEST(ConversationCommands, WhatIsWrongChangesNothingAndSaysWhatIsRight) {
  const std::pair<const char*, const char*> cases[] = {
      {"/set parameter temprature 1", "did you mean temperature?"},
      {"/set parameter temperature warm", "'warm' is no number"},
      {"/set parameter seed 1.5", "no whole number"},
      {"/set parameter top_k", "missing"},
      {"/set parameter num_ctx 4096", "--context-length"},
      {"/set parametr seed 1", "did you mean parameter?"},
      {"/set format xml", "json"},
      {"/shwo", "did you mean /show?"},
      {"/banana", "/? lists them"},
      {"/load", "missing"},
      {"/show license", "inspect"}};
  for (const auto& [line, told] : cases) {
    ConversationState state;
    EXPECT_THAT(reply(line, state), HasSubstr(told)) << line;
    EXPECT_TRUE(state.settings.empty()) << line;
    EXPECT_FALSE(state.model) << line;
  }
}

TEST(ConversationCommands, ChangeWhatIsSaidNext) {
  ConversationState state;
  state.messages = {{"user", "a"}, {"assistant", "b"}};
  reply("/set system \"\"\"Be brief.\nVery.\"\"\"", state);
  EXPECT_EQ(state.system, "Be brief.\nVery.");
  EXPECT_EQ(reply("/show system", state), "Be brief.\nVery.");
  reply("/clear", state);
  EXPECT_TRUE(state.messages.empty());
  state.messages = {{"user", "a"}};
  reply("/load other", state);
  EXPECT_EQ(state.model, "other");
  EXPECT_TRUE(state.messages.empty());
  reply("/set quiet", state);
  reply("/set nohistory", state);
  EXPECT_FALSE(state.tells_speed);
  EXPECT_FALSE(state.keeps_history);
}

TEST(ConversationCommands, EndAndHelp) {
  ConversationState state;
  for (const char* line : {"/bye", "/exit", "/quit", "/bye now"}) {
    EXPECT_EQ(run_conversation_command(line, state).effect, CommandEffect::leave) << line;
  }
  EXPECT_EQ(run_conversation_command("/show", state).effect, CommandEffect::show_model);
  EXPECT_THAT(reply("/?", state), HasSubstr("/bye"));
  EXPECT_THAT(reply("/help set", state), HasSubstr("num_predict"));
  EXPECT_THAT(reply("/? shortcuts", state), HasSubstr("Ctrl-R"));
  EXPECT_EQ(reply("/set", state), reply("/? /set", state));
}

}  // namespace
}  // namespace shoal
