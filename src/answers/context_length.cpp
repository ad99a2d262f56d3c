#include "answers/context_length.h"

#include <fmt/format.h>

namespace shoal {
namespace {
constexpr std::string_view beginning = "This model's maximum context length is ";
}

Error too_long_prompt(std::string_view token_count, int64_t context_length) {
  return {ErrorCode::invalid_argument,
          fmt::format(
              "{}{} tokens. However, your messages resulted in {} tokens, and the answer needs room, too. "
              "Please reduce the length of the messages.",
              beginning, context_length, token_count)};
}

bool is_too_long_prompt(const Error& error) {
  return error.code == ErrorCode::invalid_argument && error.message.starts_with(beginning);
}

}  // namespace shoal
