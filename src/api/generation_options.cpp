#include "api/generation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace shoal {
namespace {

constexpr size_t kMaximumStopStrings = 16;
constexpr size_t kMaximumStopBytes = 1024;

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
    if (!is_number) entries.reject(name, "must be a number from -100 to 100", "invalid_type");
    const double bias = value.integer()  ? static_cast<double>(*value.integer())
                        : value.number() ? *value.number()
                                         : 0;
    if (bias < -100 || bias > 100) entries.reject(name, "must be a number from -100 to 100");
    if (error) return biases;
    biases[*token] = bias;
  }
  return biases;
}

std::vector<std::string> read_stop_strings(RequestFields& fields) {
  constexpr std::string_view kMust = "must be a string or an array of at most 16 strings of 1 to 1024 bytes";
  std::vector<std::string> strings;
  const Value* value = fields.find("stop");
  if (value == nullptr) return strings;
  Value::Array single;
  if (value->text() != nullptr) single.push_back(*value);
  const Value::Array* items = value->text() != nullptr ? &single : value->array();
  if (items == nullptr) {
    fields.reject("stop", kMust, "invalid_type");
    return strings;
  }
  if (items->size() > kMaximumStopStrings) fields.reject("stop", kMust);
  for (const Value& item : *items) {
    if (item.text() == nullptr || item.text()->empty() || item.text()->size() > kMaximumStopBytes) {
      fields.reject("stop", fmt::format("{}; one is {}", kMust, describe_value(item)));
      break;
    }
    strings.push_back(*item.text());
  }
  return strings;
}

SamplingWishes read_sampling(RequestFields& fields, std::optional<ApiError>& error) {
  SamplingWishes wishes;
  wishes.temperature = fields.number("temperature", {.low = 0, .high = 2});
  wishes.top_p = fields.number("top_p", {.low = 0, .high = 1});
  wishes.min_p = fields.number("min_p", {.low = 0, .high = 1});
  wishes.repetition_penalty =
      fields.number("repetition_penalty", {.low = 0, .high = 10, .excludes_low = true});
  wishes.presence_penalty = fields.number("presence_penalty", {.low = -2, .high = 2});
  wishes.frequency_penalty = fields.number("frequency_penalty", {.low = -2, .high = 2});
  wishes.top_k = fields.integer("top_k", -1, std::numeric_limits<int32_t>::max());
  if (wishes.top_k == -1) wishes.top_k = 0;  // vLLM's word for off
  wishes.logit_bias = read_logit_bias(fields, error);
  return wishes;
}

void read_stream_options(RequestFields& fields, std::optional<ApiError>& error, GenerationOptions& options) {
  options.is_stream = fields.boolean("stream").value_or(false);
  if (fields.object("stream_options") == nullptr) return;
  if (!options.is_stream)
    fields.reject_unsupported("stream_options", "is only allowed together with stream: true");
  if (fields.has_failed()) return;
  RequestFields inner(*fields.find("stream_options"), error, "stream_options.");
  options.includes_usage = inner.boolean("include_usage").value_or(false);
}

// OpenAI's response_format, or a grammar as llama.cpp's server takes it. Compiled here as well, so that what
// is wrong is told at once and by its field.
OutputFormat read_output(RequestFields& fields, std::optional<ApiError>& error) {
  OutputFormat output;
  std::string field = "grammar";
  if (const auto grammar = fields.text("grammar"); grammar && !grammar->empty()) {
    output = {.kind = OutputKind::gbnf, .source = *grammar};
  }
  if (fields.object("response_format") != nullptr) {
    RequestFields format(*fields.find("response_format"), error, "response_format.");
    const std::string type = format.text("type").value_or("");
    if (type != "text" && output.kind != OutputKind::free_text) {
      fields.reject_unsupported("response_format", "is not allowed together with grammar");
    } else if (type == "json_object") {
      output.kind = OutputKind::json_object;
    } else if (type == "json_schema") {
      field = "response_format.json_schema.schema";
      const Value* inner = format.object("json_schema") == nullptr ? nullptr : format.find("json_schema");
      const Value* schema = inner == nullptr ? nullptr : inner->find("schema");
      if (schema == nullptr || (schema->object() == nullptr && schema->boolean() == nullptr)) {
        format.reject("json_schema", "must be an object with a schema", "invalid_type");
      } else {
        output = {.kind = OutputKind::json_schema, .source = format_json(*schema)};
      }
    } else if (type != "text") {
      format.reject("type", "must be \"text\", \"json_object\" or \"json_schema\"");
    }
  }
  if (error || output.kind == OutputKind::free_text) return output;
  if (const Result<Grammar> grammar = compile_output_format(output); !grammar) {
    error = ApiError{.status = 400,
                     .message = fmt::format("{}: {}", field, grammar.error().message),
                     .param = field,
                     .code = "invalid_value"};
  }
  return output;
}

// What OpenAI's clients may send and nothing here depends on still has to be what it should be.
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
  options.sampling = read_sampling(fields, error);
  const auto seed =
      fields.integer("seed", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  if (seed) options.seed = static_cast<uint64_t>(*seed);
  options.choice_count = static_cast<uint32_t>(fields.integer("n", 1, kMaximumChoices).value_or(1));
  options.min_tokens = fields.integer("min_tokens", 0, std::numeric_limits<int32_t>::max()).value_or(0);
  options.ignore_end_tokens = fields.boolean("ignore_eos").value_or(false);
  options.stop_strings = read_stop_strings(fields);
  options.output = read_output(fields, error);
  read_stream_options(fields, error, options);
  check_ignored_fields(fields);
  return options;
}

}  // namespace shoal
