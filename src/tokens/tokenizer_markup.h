// Decides which added tokens may never come from a user's words, even if their files do not call them
// special.
#pragma once

#include <string_view>
#include <vector>

#include "tokens/added_tokens.h"

namespace shoal {

// True for the marks with which templates divide a chat: "<|tool_call_begin|>", "<｜tool▁sep｜>",
// "<tool_call>". Other words in angle brackets ("<table>") are not markup: the models' own tokenizers parse
// them in a user's text.
bool is_markup(std::string_view content);

// The special tokens among `added` that end a turn in some family's format: "<|im_end|>", "<|eot_id|>" …
std::vector<TokenId> find_end_tokens(const std::vector<AddedToken>& added);

}  // namespace shoal
