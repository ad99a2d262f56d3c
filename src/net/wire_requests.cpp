#include "net/wire_requests.h"

namespace shoal {
namespace {

constexpr int64_t choice_limit = 1'000;
constexpr int64_t stop_string_limit = 10'000;
constexpr int64_t logprob_limit = 1'000;

struct PromptWriter {
  wire::SubmitRequest& out;
  void operator()(const PromptText& prompt) { out.set_text(prompt.text); }
  void operator()(const PromptChat& prompt) { out.set_messages_json(prompt.messages_json); }
  void operator()(const PromptTokens& prompt) {
    out.mutable_tokens()->mutable_tokens()->Assign(prompt.tokens.begin(), prompt.tokens.end());
  }
};

Prompt read_prompt(const wire::SubmitRequest& in, WireChecks& checks) {
  switch (in.prompt_case()) {
    case wire::SubmitRequest::kText: return PromptText{checks.text(in.text(), text_limit, "submit.text")};
    case wire::SubmitRequest::kMessagesJson:
      return PromptChat{checks.text(in.messages_json(), text_limit, "submit.messages_json")};
    case wire::SubmitRequest::kTokens:
      return PromptTokens{read_tokens(in.tokens().tokens(), "submit.tokens", checks)};
    case wire::SubmitRequest::PROMPT_NOT_SET: break;
  }
  checks.require(false, "submit: no prompt");
  return {};
}

void write(const SamplingWishes& wishes, wire::SamplingWishes& out) {
  if (wishes.temperature) out.set_temperature(*wishes.temperature);
  if (wishes.top_p) out.set_top_p(*wishes.top_p);
  if (wishes.min_p) out.set_min_p(*wishes.min_p);
  if (wishes.repetition_penalty) out.set_repetition_penalty(*wishes.repetition_penalty);
  if (wishes.presence_penalty) out.set_presence_penalty(*wishes.presence_penalty);
  if (wishes.frequency_penalty) out.set_frequency_penalty(*wishes.frequency_penalty);
  if (wishes.top_k) out.set_top_k(*wishes.top_k);
  for (const auto& [token, bias] : wishes.logit_bias) (*out.mutable_logit_bias())[token] = bias;
  if (wishes.default_temperature) out.set_default_temperature(*wishes.default_temperature);
}

// Only checks that the numbers are finite. The head judges their ranges as api does
// (service/sampling_ranges.h), because it can refuse the one request; an error here ends the connection.
SamplingWishes read(const wire::SamplingWishes& in, WireChecks& checks) {
  SamplingWishes wishes;
  if (in.has_temperature()) wishes.temperature = checks.number(in.temperature(), "sampling.temperature");
  if (in.has_top_p()) wishes.top_p = checks.number(in.top_p(), "sampling.top_p");
  if (in.has_min_p()) wishes.min_p = checks.number(in.min_p(), "sampling.min_p");
  if (in.has_repetition_penalty()) {
    wishes.repetition_penalty = checks.number(in.repetition_penalty(), "sampling.repetition_penalty");
  }
  if (in.has_presence_penalty()) {
    wishes.presence_penalty = checks.number(in.presence_penalty(), "sampling.presence_penalty");
  }
  if (in.has_frequency_penalty()) {
    wishes.frequency_penalty = checks.number(in.frequency_penalty(), "sampling.frequency_penalty");
  }
  if (in.has_top_k()) wishes.top_k = in.top_k();
  for (const auto& [token, bias] : in.logit_bias()) {
    wishes.logit_bias[token] = checks.number(bias, "sampling.logit_bias");
  }
  if (in.has_default_temperature()) {
    wishes.default_temperature = checks.number(in.default_temperature(), "sampling.default_temperature");
  }
  return wishes;
}

ToolUse read_tool_use(const wire::SubmitRequest& in, WireChecks& checks) {
  constexpr auto last_choice = static_cast<int64_t>(ToolChoice::named);
  return {.choice =
              static_cast<ToolChoice>(checks.within(in.tool_choice(), 0, last_choice, "submit.tool_choice")),
          .function = checks.text(in.tool_function(), text_limit, "submit.tool_function"),
          .is_parallel = in.has_parallel_calls(),
          .functions = checks.text(in.tool_functions(), text_limit, "submit.tool_functions")};
}

OutputFormat read_output(const wire::RequestSettings& in, WireChecks& checks) {
  constexpr auto last_kind = static_cast<int64_t>(OutputKind::regex);
  return {
      .kind = static_cast<OutputKind>(checks.within(in.output_kind(), 0, last_kind, "submit.output_kind")),
      .source = checks.text(in.output_source(), maximum_output_source, "submit.output_source")};
}

std::vector<std::string> read_stop_strings(const wire::RequestSettings& in, WireChecks& checks) {
  std::vector<std::string> strings;
  checks.count(in.stop_strings_size(), stop_string_limit, "submit.stop_strings");
  if (!checks.ok()) return strings;
  for (const std::string& stop : in.stop_strings()) {
    strings.push_back(checks.text(stop, text_limit, "submit.stop_strings"));
  }
  return strings;
}

void write(const RequestSettings& settings, wire::RequestSettings& out) {
  write(settings.sampling, *out.mutable_sampling());
  if (settings.seed) out.set_seed(*settings.seed);
  out.set_choice_count(settings.choice_count);
  if (settings.max_tokens) out.set_max_tokens(*settings.max_tokens);
  out.set_min_tokens(settings.min_tokens);
  out.set_ignore_end_tokens(settings.ignore_end_tokens);
  for (const std::string& stop : settings.stop_strings) out.add_stop_strings(stop);
  out.mutable_stop_tokens()->Assign(settings.stop_tokens.begin(), settings.stop_tokens.end());
  out.set_output_kind(static_cast<uint32_t>(settings.output.kind));
  out.set_output_source(settings.output.source);
  if (settings.top_logprobs) out.set_top_logprobs(*settings.top_logprobs);
}

RequestSettings read(const wire::RequestSettings& in, WireChecks& checks) {
  RequestSettings settings;
  settings.sampling = read(in.sampling(), checks);
  if (in.has_seed()) settings.seed = in.seed();
  settings.choice_count =
      static_cast<uint32_t>(checks.within(in.choice_count(), 1, choice_limit, "submit.choice_count"));
  if (in.has_max_tokens()) settings.max_tokens = checks.size(in.max_tokens(), "submit.max_tokens");
  settings.min_tokens = checks.size(in.min_tokens(), "submit.min_tokens");
  settings.ignore_end_tokens = in.ignore_end_tokens();
  settings.stop_strings = read_stop_strings(in, checks);
  settings.stop_tokens = read_tokens(in.stop_tokens(), "submit.stop_tokens", checks);
  settings.output = read_output(in, checks);
  if (in.has_top_logprobs()) {
    settings.top_logprobs = checks.within(in.top_logprobs(), 0, logprob_limit, "submit.top_logprobs");
  }
  return settings;
}

void write(const TokenLogprob& logprob, wire::TokenLogprob& out) {
  out.set_token(logprob.token);
  out.set_bytes(logprob.bytes);
  out.set_logprob(logprob.logprob);
}

TokenLogprob read(const wire::TokenLogprob& in, WireChecks& checks) {
  return {.token = in.token(),
          .bytes = checks.text(in.bytes(), text_limit, "token.logprob.bytes"),
          .logprob = in.logprob()};
}

}  // namespace

std::vector<TokenId> read_tokens(const google::protobuf::RepeatedField<int32_t>& in, std::string_view field,
                                 WireChecks& checks) {
  checks.count(in.size(), token_limit, field);
  for (const int32_t token : in) checks.require(token >= 0, "a token id below 0");
  return {in.begin(), in.end()};
}

void write(const SubmitRequest& request, wire::SubmitRequest& out) {
  out.set_request(request.request);
  out.set_instance(request.instance);
  write(request.epoch, *out.mutable_epoch());
  std::visit(PromptWriter{out}, request.prompt);
  out.set_is_chat(request.is_chat);
  out.set_tool_choice(static_cast<uint32_t>(request.tools.choice));
  out.set_tool_function(request.tools.function);
  out.set_has_parallel_calls(request.tools.is_parallel);
  out.set_tool_functions(request.tools.functions);
  write(request.settings, *out.mutable_settings());
  for (const std::vector<TokenId>& tokens : request.delivered) {
    out.add_delivered()->mutable_tokens()->Assign(tokens.begin(), tokens.end());
  }
}

SubmitRequest read(const wire::SubmitRequest& in, WireChecks& checks) {
  SubmitRequest request{.request = checks.id(in.request(), "submit.request"),
                        .instance = checks.name(in.instance(), "submit.instance"),
                        .epoch = read(in.epoch(), checks),
                        .prompt = read_prompt(in, checks),
                        .is_chat = in.is_chat(),
                        .tools = read_tool_use(in, checks),
                        .settings = read(in.settings(), checks),
                        .delivered = {}};
  checks.count(in.delivered_size(), in.settings().choice_count(), "submit.delivered");
  if (!checks.ok()) return request;
  for (const wire::Tokens& tokens : in.delivered()) {
    request.delivered.push_back(read_tokens(tokens.tokens(), "submit.delivered", checks));
  }
  return request;
}

void write(const RequestAccepted& accepted, wire::RequestAccepted& out) {
  out.set_request(accepted.request);
  write(accepted.epoch, *out.mutable_epoch());
  out.mutable_prompt()->Assign(accepted.prompt.begin(), accepted.prompt.end());
  out.set_call_style(static_cast<uint32_t>(accepted.opening.format.calls));
  out.set_thinking_style(static_cast<uint32_t>(accepted.opening.format.thinking));
  out.set_answer_prefix(accepted.opening.prefix);
}

RequestAccepted read(const wire::RequestAccepted& in, WireChecks& checks) {
  constexpr auto last_style = static_cast<int64_t>(last_call_style);
  constexpr auto last_thinking = static_cast<int64_t>(last_thinking_style);
  const AnswerStyle format{.calls = static_cast<CallStyle>(
                               checks.within(in.call_style(), 0, last_style, "request_accepted.call_style")),
                           .thinking = static_cast<ThinkingStyle>(checks.within(
                               in.thinking_style(), 0, last_thinking, "request_accepted.thinking_style"))};
  return {
      .request = checks.id(in.request(), "request_accepted.request"),
      .epoch = read(in.epoch(), checks),
      .prompt = read_tokens(in.prompt(), "request_accepted.prompt", checks),
      .opening = {.format = format,
                  .prefix = checks.text(in.answer_prefix(), text_limit, "request_accepted.answer_prefix")}};
}

void write(const TokenDelivery& delivery, wire::TokenDelivery& out) {
  out.set_request(delivery.request);
  write(delivery.epoch, *out.mutable_epoch());
  out.set_choice_index(delivery.choice_index);
  out.set_index(delivery.token.index);
  out.set_token(delivery.token.token);
  out.set_text(delivery.token.text);
  if (delivery.token.logprob) write(*delivery.token.logprob, *out.mutable_logprob());
  for (const TokenLogprob& logprob : delivery.token.top_logprobs) write(logprob, *out.add_top_logprobs());
}

TokenDelivery read(const wire::TokenDelivery& in, WireChecks& checks) {
  DeliveredToken token{.index = checks.size(in.index(), "token.index"),
                       .token = in.token(),
                       .text = checks.text(in.text(), text_limit, "token.text"),
                       .logprob = {},
                       .top_logprobs = {}};
  if (in.has_logprob()) token.logprob = read(in.logprob(), checks);
  checks.count(in.top_logprobs_size(), logprob_limit, "token.top_logprobs");
  if (checks.ok()) {
    for (const wire::TokenLogprob& logprob : in.top_logprobs())
      token.top_logprobs.push_back(read(logprob, checks));
  }
  return {.request = checks.id(in.request(), "token.request"),
          .epoch = read(in.epoch(), checks),
          .choice_index =
              static_cast<uint32_t>(checks.within(in.choice_index(), 0, choice_limit, "token.choice_index")),
          .token = std::move(token)};
}

void write(const ChoiceFinished& finished, wire::ChoiceFinished& out) {
  out.set_request(finished.request);
  write(finished.epoch, *out.mutable_epoch());
  out.set_choice_index(finished.choice_index);
  out.set_reason(static_cast<uint32_t>(finished.end.reason));
  out.set_text(finished.end.text);
  if (finished.end.stopped_at) out.set_stopped_at(*finished.end.stopped_at);
  out.set_completion_tokens(finished.end.completion_tokens);
}

ChoiceFinished read(const wire::ChoiceFinished& in, WireChecks& checks) {
  constexpr auto last_reason = static_cast<int64_t>(FinishReason::length);
  GenerationEnd end{
      .reason = static_cast<FinishReason>(checks.within(in.reason(), 0, last_reason, "finished.reason")),
      .text = checks.text(in.text(), text_limit, "finished.text"),
      .stopped_at = {},
      .completion_tokens = checks.size(in.completion_tokens(), "finished.completion_tokens")};
  if (in.has_stopped_at()) end.stopped_at = checks.text(in.stopped_at(), text_limit, "finished.stopped_at");
  return {.request = checks.id(in.request(), "finished.request"),
          .epoch = read(in.epoch(), checks),
          .choice_index = static_cast<uint32_t>(
              checks.within(in.choice_index(), 0, choice_limit, "finished.choice_index")),
          .end = std::move(end)};
}

}  // namespace shoal
