#include "service/generation_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "answers/context_length.h"
#include "service/sampling_ranges.h"
#include "templates/continued_chat.h"

namespace shoal {
namespace {

// Used when nobody has a wish, because small models otherwise draw from the unlikely end of their
// distribution.
constexpr double own_min_p = 0.1;

Result<void> check_tokens(const std::vector<TokenId>& tokens, const Tokenizer& tokenizer) {
  for (const TokenId token : tokens) {
    if (token < 0 || token >= tokenizer.vocabulary_size()) {
      return fail(ErrorCode::invalid_argument, fmt::format("token {} is not in the model's vocabulary of {}",
                                                           token, tokenizer.vocabulary_size()));
    }
  }
  return {};
}

struct PromptMaker {
  const TextAssets& text;
  const ToolUse& tools;
  int64_t context_length;

  Result<OpenedChat> operator()(const PromptText& prompt) const {
    Result<std::vector<TokenId>> ids = text.plain_prompt(prompt.text, context_length);
    if (!ids) return fail(ids.error());
    return OpenedChat{.prompt = *std::move(ids), .opening = {}};
  }
  Result<OpenedChat> operator()(const PromptChat& prompt) const {
    Result<Value> context = parse_json(prompt.messages_json);
    if (!context) return fail(context.error(), "messages");
    return text.open_chat(*context, tools, context_length);
  }
  Result<OpenedChat> operator()(const PromptTokens& prompt) const {
    if (Result<void> checked = check_tokens(prompt.tokens, *text.tokenizer); !checked) {
      return fail(checked.error(), "prompt");
    }
    return OpenedChat{.prompt = prompt.tokens, .opening = {}};
  }
};

// Whether an answer's first space belongs to it, as it does when the answer goes on with a text.
TextStart text_start_of(const Prompt& prompt) {
  if (std::holds_alternative<PromptText>(prompt)) return TextStart::continuation;
  const auto* chat = std::get_if<PromptChat>(&prompt);
  if (chat == nullptr || chat->messages_json.find("\"continue_final_message\"") == std::string::npos)
    return TextStart::beginning;
  const Result<Value> context = parse_json(chat->messages_json);
  return context && continues_last_message(*context) ? TextStart::continuation : TextStart::beginning;
}

// What finds the end of an answer that may have only one call; nullopt for other answers.
Result<std::optional<SingleCall>> find_single_call(const SubmitRequest& submitted,
                                                   const std::vector<TokenId>& prompt,
                                                   const TextAssets& text) {
  const ToolUse& tools = submitted.tools;
  const bool is_single = submitted.is_chat && tools.choice != ToolChoice::none && !tools.is_parallel;
  if (!is_single || tools.functions.empty()) return std::nullopt;
  const Result<Value> functions = parse_json(tools.functions);
  if (!functions) return fail(functions.error(), "tools");
  return SingleCall{.opening = text.opening_of(prompt, tools), .tools = ToolSet(*functions)};
}

Result<void> check_request(const SubmitRequest& submitted, const Tokenizer& tokenizer) {
  const RequestSettings& settings = submitted.settings;
  if (settings.choice_count < 1 || settings.choice_count > choice_limit) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("n is {}, it must be 1 to {}", settings.choice_count, choice_limit));
  }
  if (!settings.seed) return fail(ErrorCode::invalid_argument, "the request has no seed");
  if (submitted.delivered.size() > settings.choice_count) {
    return fail(ErrorCode::invalid_argument, "more delivered choices than the request has");
  }
  for (const std::vector<TokenId>& delivered : submitted.delivered) {
    if (Result<void> checked = check_tokens(delivered, tokenizer); !checked) return fail(checked.error());
  }
  if (Result<void> checked = check_tokens(settings.stop_tokens, tokenizer); !checked) {
    return fail(checked.error(), "stop_token_ids");
  }
  if (std::ranges::any_of(settings.stop_strings, &std::string::empty))
    return fail(ErrorCode::invalid_argument, "stop: a string is empty");
  if (Result<void> checked = check_sampling(settings.sampling); !checked) return checked;
  for (const auto& [token, bias] : settings.sampling.logit_bias) {
    if (token < 0 || token >= tokenizer.vocabulary_size()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("logit_bias: token {} is not in the model's vocabulary of {}", token,
                              tokenizer.vocabulary_size()));
    }
  }
  return {};
}

}  // namespace

SamplingSettings choose_sampling(const SamplingWishes& wishes, const GenerationDefaults& defaults,
                                 uint64_t seed) {
  const SamplingSettings neutral;
  SamplingSettings settings;
  const auto of_model = [](std::string_view name, const std::optional<double>& value, double otherwise) {
    return value && sampling_range(name).has(*value) ? *value : otherwise;
  };
  settings.temperature = wishes.temperature.value_or(wishes.default_temperature.value_or(
      of_model("temperature", defaults.temperature, neutral.temperature)));
  const bool has_top_k = defaults.top_k && *defaults.top_k >= 0 && *defaults.top_k <= maximum_top_k;
  settings.top_k = wishes.top_k.value_or(has_top_k ? *defaults.top_k : neutral.top_k);
  settings.top_p = wishes.top_p.value_or(of_model("top_p", defaults.top_p, neutral.top_p));
  settings.min_p = wishes.min_p.value_or(of_model("min_p", defaults.min_p, own_min_p));
  settings.repetition_penalty = wishes.repetition_penalty.value_or(
      of_model("repetition_penalty", defaults.repetition_penalty, neutral.repetition_penalty));
  settings.presence_penalty = wishes.presence_penalty.value_or(neutral.presence_penalty);
  settings.frequency_penalty = wishes.frequency_penalty.value_or(neutral.frequency_penalty);
  settings.logit_bias = wishes.logit_bias;
  settings.seed = seed;
  return settings;
}

Result<OpenedChat> make_prompt(const Prompt& prompt, const ToolUse& tools, const TextAssets& text,
                               int64_t context_length) {
  Result<OpenedChat> opened = std::visit(PromptMaker{text, tools, context_length}, prompt);
  if (opened && opened->prompt.empty()) return fail(ErrorCode::invalid_argument, "the prompt is empty");
  return opened;
}

Result<std::vector<Generation>> make_generations(const SubmitRequest& submitted, const OpenedChat& opened,
                                                 const TextAssets& text, int64_t context_length) {
  if (Result<void> checked = check_request(submitted, *text.tokenizer); !checked) {
    return fail(checked.error());
  }
  const std::vector<TokenId>& prompt = opened.prompt;
  const auto prompt_length = static_cast<int64_t>(prompt.size());
  if (prompt_length >= context_length) {
    return fail(too_long_prompt(std::to_string(prompt_length), context_length));
  }
  const int64_t room = context_length - prompt_length;
  const AnswerForm form = submitted.is_chat ? text.form_of(prompt, submitted.tools, submitted.settings.output)
                                            : AnswerForm{.output = submitted.settings.output};
  const auto grammar = text.answer_grammars->find(form, *text.tokenizer);
  if (!grammar) return fail(grammar.error());
  const Result<std::optional<SingleCall>> single_call = find_single_call(submitted, prompt, text);
  if (!single_call) return fail(single_call.error());
  RequestSettings settings = submitted.settings;
  const SamplingSettings sampling = choose_sampling(settings.sampling, text.defaults, *settings.seed);
  settings.sampling = {};  // Generation::sampling has the result
  std::vector<Generation> generations;
  for (uint32_t choice = 0; choice < settings.choice_count; ++choice) {
    Generation generation{.request = submitted.request,
                          .choice_index = choice,
                          .prompt = prompt,
                          .delivered = {},
                          .settings = settings,
                          .sampling = sampling,
                          .max_tokens = std::min(settings.max_tokens.value_or(room), room),
                          .shown_tokens = submitted.is_chat ? text.markup_tokens : std::vector<TokenId>(),
                          .grammar = *grammar,
                          .single_call = *single_call};
    if (choice < submitted.delivered.size()) generation.delivered = submitted.delivered[choice];
    generation.text_start = text_start_of(submitted.prompt);
    generations.push_back(std::move(generation));
  }
  return generations;
}

}  // namespace shoal
