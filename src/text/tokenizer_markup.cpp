#include "text/tokenizer_markup.h"

#include <algorithm>
#include <array>

namespace shoal {

bool is_markup(std::string_view content) {
  constexpr std::array<std::string_view, 5> kOpenings = {"<|", "<｜", "[TOOL_", "[/TOOL_", "[AVAILABLE_"};
  constexpr std::array<std::string_view, 10> kNames = {
      "<tool_call>", "</tool_call>",    "<tool_response>", "</tool_response>", "<tools>",
      "</tools>",    "<start_of_turn>", "<end_of_turn>",   "[INST]",           "[/INST]"};
  return std::ranges::any_of(kOpenings,
                             [&](std::string_view opening) { return content.starts_with(opening); }) ||
         std::ranges::find(kNames, content) != kNames.end();
}

bool is_end_token(std::string_view content) {
  constexpr std::array<std::string_view, 15> kEnds = {
      "<|im_end|>",      "<|eot_id|>", "<|eom_id|>",           "<|endoftext|>",
      "<|end_of_text|>", "<|end|>",    "<|return|>",           "<|call|>",
      "<|eot|>",         "<|eom|>",    "<end_of_turn>",        "<|END_OF_TURN_TOKEN|>",
      "<|end_of_role|>", "<|user|>",   "<｜end▁of▁sentence｜>"};
  return std::ranges::find(kEnds, content) != kEnds.end();
}

}  // namespace shoal
