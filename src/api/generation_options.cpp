#include "api/generation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "api/foreign_fields.h"
#include "api/output_fields.h"
#include "service/sampling_ranges.h"

namespace shoal {
namespace {

constexpr size_t maximum_stop_strings = 16;
constexpr size_t maximum_stop_bytes = 1024;
constexpr size_t maximum_stop_tokens = 128;

std::optional<TokenId> parse_token_id(std::string_view text) {
  TokenId token = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (failure != std::errc() || end != text.data() + text.size() || token < 0) return std::nullopt;
  return token;
}

std::map<TokenId, double> read_logit_bias(RequestFields& fields, std::optional<ApiError>& error) {
  std::map<TokenId, double> biases;
  const Value::Object* members = fields.object("logit_bias");
  if (members == nullptr) return biases;
  const Value& object = *fields.find("logit_bias");
  RequestFields entries(object, error, "logit_bias.");
  for (const auto& [name, value] : *members) {
    const auto token = parse_token_id(name);
    if (!token) {
      fields.reject_unsupported("logit_bias", fmt::format("\"{}\" is not a token id", name.substr(0, 60)));
      return biases;
    }
    const bool is_number = value.integer() != nullptr || value.number() != nullptr;
    const std::string must = fmt::format("must be a number from {} to {}", -maximum_bias, maximum_bias);
    if (!is_number) entries.reject(name, must, "invalid_type");
    const double bias = value.integer()  ? static_cast<double>(*value.integer())
                        : value.number() ? *value.number()
                                         : 0;
    if (bias < -maximum_bias || bias > maximum_bias) entries.reject(name, must);
    if (error) return biases;
    biases[*token] = bias;
  }
  return biases;
}

std::vector<std::string> read_stop_strings(RequestFields& fields) {
  constexpr std::string_view stop_must =
      "must be a string or an array of at most 16 strings of at most 1024 bytes";
  std::vector<std::string> strings;
  const std::string_view name = fields.spelling({"stop", "stop_sequences"});
  const Value* value = fields.find(name);
  if (value == nullptr) return strings;
  Value::Array single;
  if (value->text() != nullptr) single.push_back(*value);
  const Value::Array* items = value->text() != nullptr ? &single : value->array();
  if (items == nullptr) {
    fields.reject(name, stop_must, "invalid_type");
    return strings;
  }
  if (items->size() > maximum_stop_strings) fields.reject(name, stop_must);
  for (const Value& item : *items) {
    if (item.text() == nullptr || item.text()->size() > maximum_stop_bytes) {
      fields.reject(name, fmt::format("{}; one is {}", stop_must, describe_value(item)));
      break;
    }
    if (!item.text()->empty()) strings.push_back(*item.text());  // an empty string stops nothing
  }
  return strings;
}

std::vector<TokenId> read_stop_tokens(RequestFields& fields) {
  constexpr std::string_view stop_must = "must be an array of at most 128 token ids";
  std::vector<TokenId> tokens;
  const Value::Array* items = fields.array("stop_token_ids");
  if (items == nullptr) return tokens;
  if (items->size() > maximum_stop_tokens) fields.reject("stop_token_ids", stop_must);
  for (const Value& item : *items) {
    const int64_t* id = item.integer();
    if (id == nullptr || *id < 0 || *id > std::numeric_limits<TokenId>::max()) {
      fields.reject("stop_token_ids", fmt::format("{}; one is {}", stop_must, describe_value(item)));
      break;
    }
    tokens.push_back(static_cast<TokenId>(*id));
  }
  return tokens;
}

// -1 asks for a random seed, as no seed does. Other integers are distinguished by their 64 bits.
std::optional<uint64_t> read_seed(RequestFields& fields) {
  const std::string_view name = fields.spelling({"seed", "random_seed"});
  const Value* value = fields.find(name);
  if (value == nullptr) return std::nullopt;
  const std::string_view digits = value->big_integer();
  uint64_t big = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), big);
  if (failure == std::errc() && !digits.empty() && end == digits.data() + digits.size()) return big;
  const auto seed =
      fields.integer(name, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  if (!seed || *seed == -1) return std::nullopt;
  return static_cast<uint64_t>(*seed);
}

SamplingWishes read_sampling(RequestFields& fields, std::optional<ApiError>& error) {
  SamplingWishes wishes;
  for (const SamplingRange& range : sampling_ranges()) {
    if (range.setting == &SamplingWishes::default_temperature) continue;
    const bool is_repetition = range.setting == &SamplingWishes::repetition_penalty;
    wishes.*range.setting =
        fields.number(is_repetition ? fields.spelling({range.name, "repeat_penalty"}) : range.name,
                      {.low = range.low, .high = range.high, .excludes_low = range.excludes_low});
  }
  wishes.top_k = fields.integer("top_k", -1, maximum_top_k);
  if (wishes.top_k == -1) wishes.top_k = 0;  // vLLM's value for off
  wishes.logit_bias = read_logit_bias(fields, error);
  return wishes;
}

// Reads all settings except max_tokens and top_logprobs.
RequestSettings read_settings(RequestFields& fields, std::optional<ApiError>& error) {
  RequestSettings settings;
  settings.sampling = read_sampling(fields, error);
  settings.seed = read_seed(fields);
  settings.choice_count = static_cast<uint32_t>(fields.integer("n", 1, maximum_choices).value_or(1));
  settings.min_tokens =
      fields
          .integer(fields.spelling({"min_tokens", "min_new_tokens"}), 0, std::numeric_limits<int32_t>::max())
          .value_or(0);
  settings.ignore_end_tokens = fields.boolean("ignore_eos").value_or(false);
  settings.stop_strings = read_stop_strings(fields);
  settings.stop_tokens = read_stop_tokens(fields);
  settings.output = read_output(fields, error);
  return settings;
}

void read_stream_options(RequestFields& fields, std::optional<ApiError>& error, GenerationOptions& options) {
  options.is_stream = fields.boolean("stream").value_or(false);
  if (fields.object("stream_options") == nullptr) return;
  if (!options.is_stream)
    fields.reject_unsupported("stream_options", "is only allowed together with stream: true");
  if (fields.has_failed()) return;
  RequestFields inner(*fields.find("stream_options"), error, "stream_options.");
  options.includes_usage = inner.boolean("include_usage").value_or(false);
  options.includes_progress = inner.boolean("include_progress").value_or(false);
}

// Checks fields that OpenAI's clients may send and that change nothing here; they still must have the right
// type.
void check_ignored_fields(RequestFields& fields) {
  for (const char* name : {"user", "service_tier", "safety_identifier", "prompt_cache_key"})
    fields.text(name);
  fields.boolean("store");
  fields.object("metadata");
}

}  // namespace

GenerationOptions read_generation_options(RequestFields& fields, std::optional<ApiError>& error) {
  GenerationOptions options;
  options.model = fields.text("model");
  options.settings = read_settings(fields, error);
  read_stream_options(fields, error, options);
  check_ignored_fields(fields);
  refuse_foreign_settings(fields);
  return options;
}

std::optional<int64_t> read_max_tokens(RequestFields& fields, std::optional<int64_t> standard) {
  const std::string_view name = fields.spelling({"max_tokens", "max_completion_tokens", "max_new_tokens",
                                                 "max_output_tokens", "n_predict", "num_predict"});
  const auto tokens = fields.integer(name, -1, std::numeric_limits<int64_t>::max());
  if (!tokens) return standard;
  return *tokens == -1 ? std::nullopt : tokens;
}

void check_token_limits(RequestFields& fields, const RequestSettings& settings) {
  if (settings.max_tokens && settings.min_tokens > *settings.max_tokens) {
    fields.reject("min_tokens", fmt::format("must be at most max_tokens ({})", *settings.max_tokens));
  }
}

ApiResult<Value> parse_generation_request(std::string_view body) {
  ApiResult<Value> request = parse_request_object(body);
  if (!request) return request;
  const Value* options = request->find("options");
  if (options == nullptr || options->object() == nullptr) return request;
  const Value::Object inner = *options->object();
  for (const auto& [name, value] : inner) {
    if (request->find(name) == nullptr) request->set(name, value);
  }
  return request;
}

}  // namespace shoal
