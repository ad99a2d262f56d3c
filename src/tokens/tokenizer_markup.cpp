#include "tokens/tokenizer_markup.h"

#include <algorithm>
#include <array>

namespace shoal {

bool is_markup(std::string_view content) {
  constexpr std::array<std::string_view, 5> openings = {"<|", "<｜", "[TOOL_", "[/TOOL_", "[AVAILABLE_"};
  constexpr std::array<std::string_view, 10> markup_names = {
      "<tool_call>", "</tool_call>",    "<tool_response>", "</tool_response>", "<tools>",
      "</tools>",    "<start_of_turn>", "<end_of_turn>",   "[INST]",           "[/INST]"};
  return std::ranges::any_of(openings,
                             [&](std::string_view opening) { return content.starts_with(opening); }) ||
         std::ranges::find(markup_names, content) != markup_names.end();
}

namespace {

bool is_end_token(std::string_view content) {
  constexpr std::array<std::string_view, 14> ending_marks = {"<|im_end|>",
                                                             "<|eot_id|>",
                                                             "<|eom_id|>",
                                                             "<|endoftext|>",
                                                             "<|end_of_text|>",
                                                             "<|end|>",
                                                             "<|return|>",
                                                             "<|call|>",
                                                             "<|eot|>",
                                                             "<end_of_turn>",
                                                             "<|END_OF_TURN_TOKEN|>",
                                                             "[EOT]",
                                                             "<turn|>",
                                                             "<｜end▁of▁sentence｜>"};
  return std::ranges::find(ending_marks, content) != ending_marks.end();
}

}  // namespace

std::vector<TokenId> find_end_tokens(const std::vector<AddedToken>& added) {
  // In Harmony, <|end|> separates the messages of one answer, and <|return|> ends the answer.
  const bool harmony = std::ranges::find(added, "<|return|>", &AddedToken::content) != added.end();
  std::vector<TokenId> ends;
  for (const AddedToken& token : added) {
    if (is_end_token(token.content) && token.special && !(harmony && token.content == "<|end|>")) {
      ends.push_back(token.id);
    }
  }
  return ends;
}

}  // namespace shoal
