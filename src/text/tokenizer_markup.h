// Which added tokens may never come from a user's words, though their files do not call them special.
#pragma once

#include <string_view>

namespace shoal {

// "<|tool_call_begin|>", "<｜tool▁sep｜>", "<tool_call>": what templates mark the parts of a chat with. Words
// between plain angle brackets ("<table>") are not markup; the models' own tokenizers take them from a user's
// text.
bool is_markup(std::string_view content);

// The tokens that end a turn in the families' formats: "<|im_end|>", "<|eot_id|>" …
bool is_end_token(std::string_view content);

}  // namespace shoal
