// The error for a prompt that does not fit a model's context, in the words that OpenAI's clients look for
// (LiteLLM matches them). The answer needs room in the context too.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace shoal {

// `token_count` is text such as "200" or "more than 200". The error is an invalid_argument.
Error too_long_prompt(std::string_view token_count, int64_t context_length);

bool is_too_long_prompt(const Error& error);

}  // namespace shoal
