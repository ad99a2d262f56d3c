#include "api/completion_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace shoal {
namespace {

constexpr int64_t default_max_tokens = 16;  // OpenAI's default
constexpr int64_t maximum_answers = 512;    // of all prompts together

constexpr std::string_view must_be_prompt =
    "must be a string, an array of strings, an array of token ids or an array of such arrays";

bool is_text(const Value& value) { return value.text() != nullptr; }
bool is_array(const Value& value) { return value.array() != nullptr; }
bool is_token_id(const Value& value) {
  return value.integer() != nullptr && *value.integer() >= 0 &&
         *value.integer() <= std::numeric_limits<TokenId>::max();
}
bool is_token_list(const Value::Array& items) {
  return !items.empty() && std::ranges::all_of(items, is_token_id);
}

PromptTokens to_tokens(const Value::Array& items) {
  PromptTokens prompt;
  for (const Value& item : items) prompt.tokens.push_back(static_cast<TokenId>(*item.integer()));
  return prompt;
}

std::vector<Prompt> read_prompts(RequestFields& fields) {
  const Value* value = fields.find("prompt");
  if (value == nullptr) {
    fields.reject("prompt", must_be_prompt, "missing_field");
    return {};
  }
  if (is_text(*value)) return {PromptText{*value->text()}};
  const Value::Array* items = value->array();
  if (items == nullptr) {
    fields.reject("prompt", must_be_prompt, "invalid_type");
    return {};
  }
  if (is_token_list(*items)) return {to_tokens(*items)};
  std::vector<Prompt> prompts;
  for (const Value& item : *items) {
    if (is_text(item)) {
      prompts.push_back(PromptText{*item.text()});
    } else if (is_array(item) && is_token_list(*item.array())) {
      prompts.push_back(to_tokens(*item.array()));
    } else {
      fields.reject("prompt", fmt::format("{}; one item is {}", must_be_prompt, describe_value(item)));
      return {};
    }
  }
  if (prompts.empty()) fields.reject("prompt", "must not be empty");
  return prompts;
}

bool read_echo(RequestFields& fields, const CompletionRequest& request) {
  if (!fields.boolean("echo").value_or(false)) return false;
  if (request.options.settings.top_logprobs) {
    fields.reject_unsupported("echo", "true together with logprobs is not supported yet");
  }
  if (!std::ranges::all_of(request.prompts,
                           [](const Prompt& prompt) { return std::holds_alternative<PromptText>(prompt); })) {
    fields.reject_unsupported("echo", "true is supported for prompts that are texts only");
  }
  return true;
}

void refuse_completion_fields(RequestFields& fields) {
  if (!fields.text("suffix").value_or("").empty())
    fields.reject_unsupported("suffix", "is not supported yet");
}

}  // namespace

ApiResult<CompletionRequest> parse_completion_request(std::string_view body) {
  const ApiResult<Value> object = parse_generation_request(body);
  if (!object) return std::unexpected(object.error());
  std::optional<ApiError> error;
  RequestFields fields(*object, error);
  refuse_completion_fields(fields);
  CompletionRequest request;
  request.options = read_generation_options(fields, error);
  RequestSettings& settings = request.options.settings;
  settings.max_tokens = read_max_tokens(fields, default_max_tokens);
  settings.top_logprobs = fields.integer("logprobs", 0, maximum_top_logprobs);
  const auto best_of = fields.integer("best_of", 1, maximum_choices);
  if (best_of && *best_of != settings.choice_count) {
    fields.reject("best_of", fmt::format("must be the same as n ({})", settings.choice_count));
  }
  check_token_limits(fields, settings);
  request.prompts = read_prompts(fields);
  request.echoes = read_echo(fields, request);
  const auto choices = static_cast<int64_t>(request.prompts.size()) * settings.choice_count;
  if (choices > maximum_answers) {
    fields.reject("prompt", fmt::format("must give at most {} choices together; prompts times n is {}",
                                        maximum_answers, choices));
  }
  if (error) return std::unexpected(std::move(*error));
  return request;
}

}  // namespace shoal
