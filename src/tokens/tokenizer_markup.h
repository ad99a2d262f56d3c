// Which added tokens may never come from a user's words, though their files do not call them special.
#pragma once

#include <string_view>
#include <vector>

#include "tokens/added_tokens.h"

namespace shoal {

// "<|tool_call_begin|>", "<｜tool▁sep｜>", "<tool_call>": what templates mark the parts of a chat with. Words
// between plain angle brackets ("<table>") are not markup; the models' own tokenizers take them from a user's
// text.
bool is_markup(std::string_view content);

// The special tokens among these that end a turn in some family's format: "<|im_end|>", "<|eot_id|>" …
std::vector<TokenId> find_end_tokens(const std::vector<AddedToken>& added);

}  // namespace shoal
