#include "client/chat_stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace shoal {
namespace {

constexpr std::string_view answer =
    ": loading 45 %\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"},\"finish_reason\":null}]}\r\n\r\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"grüße\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\ndata: what follows\n\n";

// Everything a caller hears of bytes that come in pieces of `step`.
std::string heard(std::string_view bytes, size_t step) {
  std::string all;
  const ChatProgress progress{
      .on_text = [&](std::string_view text) { all += fmt::format("[{}]", text); },
      .on_thinking = [&](std::string_view text) { all += fmt::format("({})", text); },
      .on_comment = [&](std::string_view comment) { all += fmt::format("#{}#", comment); },
      .is_cancelled = {}};
  ChatStream stream(progress);
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (const auto taken = stream.take(bytes.substr(at, step)); !taken)
      return all + fmt::format("{}: {}", error_code_name(taken.error().code), taken.error().message);
  }
  const auto end = stream.end();
  if (!end) return all + std::string(error_code_name(end.error().code));
  return all + fmt::format("{} {} {}", end->finish_reason, end->prompt_tokens, end->completion_tokens);
}

TEST(ChatStream, TellsTheSameHoweverTheBytesAreCut) {
  for (size_t step = 1; step <= answer.size(); ++step)
    EXPECT_EQ(heard(answer, step), "#loading 45 %#(hm)[grüße]stop 3 2") << step;
}

TEST(ChatStream, TellsTheNodesErrorAndAnEndThatCameTooSoon) {
  EXPECT_EQ(heard("data: {\"error\":{\"code\":\"resource_exhausted\",\"message\":\"full\"}}\n\n", 7),
            "resource_exhausted: full");
  EXPECT_EQ(heard("data: {\"error\":{\"code\":\"model_not_found\",\"message\":\"no x\"}}\n\n", 7),
            "not_found: no x");
  EXPECT_EQ(heard("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", 7), "[a]unavailable");
}

TEST(ChatStream, RefusesWhatIsNoObjectAndPassesOverMembersOfOtherKinds) {
  EXPECT_EQ(heard("data: 5\n\n", 3), "corrupt_data: the node's stream has an event that is no JSON object");
  EXPECT_EQ(
      heard("data: {\"choices\":[7],\"usage\":[]}\n\ndata: {\"choices\":[{\"delta\":4}]}\n\ndata: [DONE]\n\n",
            3),
      " 0 0");
}

}  // namespace
}  // namespace shoal
