#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "files/python_json.h"
#include "model/architecture.h"
#include "model/config_reader.h"
#include "model/rope.h"

namespace shoal {
namespace {

using Json = nlohmann::json;

// Reads the members of one object. The first error is kept and ends the reading. A null counts as absent.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  bool has(std::string_view key) const {
    const auto member = object_.find(key);
    return member != object_.end() && !member->is_null();
  }
  const Json& at(std::string_view key) const { return object_.find(key).value(); }

  int64_t integer(std::string_view key) {
    const Json* value = find(key);
    if (value == nullptr) return 0;
    const bool fits =
        value->is_number_integer() &&
        (!value->is_number_unsigned() || value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
    if (!fits) return note(fmt::format("'{}' is not an integer", key)), 0;
    return value->get<int64_t>();
  }
  int64_t integer_or(std::string_view key, int64_t fallback) { return has(key) ? integer(key) : fallback; }

  double number(std::string_view key) {
    const Json* value = find(key);
    if (value == nullptr) return 0;
    if (!value->is_number()) return note(fmt::format("'{}' is not a number", key)), 0;
    return value->get<double>();
  }
  double number_or(std::string_view key, double fallback) { return has(key) ? number(key) : fallback; }

  bool boolean_or(std::string_view key, bool fallback) {
    if (!has(key)) return fallback;
    if (!at(key).is_boolean()) return note(fmt::format("'{}' is neither true nor false", key)), fallback;
    return at(key).get<bool>();
  }

  std::string text_or(std::string_view key, std::string fallback) {
    if (!has(key)) return fallback;
    if (!at(key).is_string()) return note(fmt::format("'{}' is not a text", key)), fallback;
    return at(key).get<std::string>();
  }

  void refuse(std::string message) {
    if (!error_) error_ = Error{ErrorCode::invalid_argument, std::move(message)};
  }
  void note(std::string message) {
    if (!error_) error_ = Error{ErrorCode::corrupt_data, std::move(message)};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Json* find(std::string_view key) {
    if (!has(key)) {
      note(fmt::format("'{}' is missing", key));
      return nullptr;
    }
    return &at(key);
  }

  const Json& object_;
  std::optional<Error> error_;
};

void read_yarn(Members& scaling, RopeSettings& rope) {
  rope.scaling = RopeScaling::yarn;
  rope.beta_fast = scaling.number_or("beta_fast", 32.0);
  rope.beta_slow = scaling.number_or("beta_slow", 1.0);
  rope.truncate = scaling.boolean_or("truncate", true);
  if (scaling.has("attention_factor")) {
    rope.magnitude = scaling.number("attention_factor");
  } else if (scaling.has("mscale") && scaling.has("mscale_all_dim")) {
    rope.magnitude = yarn_magnitude(rope.factor, scaling.number("mscale")) /
                     yarn_magnitude(rope.factor, scaling.number("mscale_all_dim"));
  }
}

// `scaling` is rope_scaling of the hub or rope_parameters of transformers 5.
void read_scaling(Members& scaling, double context_length, RopeSettings& rope) {
  const std::string kind = scaling.text_or("rope_type", scaling.text_or("type", "default"));
  if (kind == "default" || kind == "none") return;
  rope.factor = scaling.number("factor");
  rope.original_context_length = scaling.number_or("original_max_position_embeddings", context_length);
  if (kind == "linear") {
    rope.scaling = RopeScaling::linear;
  } else if (kind == "llama3") {
    rope.scaling = RopeScaling::llama3;
    rope.original_context_length = scaling.number("original_max_position_embeddings");
    rope.low_frequency_factor = scaling.number("low_freq_factor");
    rope.high_frequency_factor = scaling.number("high_freq_factor");
  } else if (kind == "yarn") {
    read_yarn(scaling, rope);
  } else {
    scaling.refuse(fmt::format(
        "the rope type '{}' is not supported; supported are default, linear, llama3, yarn", kind));
  }
}

Result<RopeSettings> read_rope(Members& members, int64_t context_length, int64_t head_dim,
                               RopeLayout layout) {
  RopeSettings rope;
  rope.layout = layout;
  rope.dimensions = head_dim;
  const double part = members.number_or("partial_rotary_factor", 1.0);
  if (!(part > 0 && part <= 1)) members.note(fmt::format("'partial_rotary_factor' is {}", part));
  if (part < 1) rope.dimensions = static_cast<int64_t>(static_cast<double>(head_dim) * part);
  rope.base = members.number_or("rope_theta", 10000.0);
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!members.has(key)) continue;
    if (!members.at(key).is_object())
      return fail(ErrorCode::corrupt_data, fmt::format("'{}' is not an object", key));
    Members scaling(members.at(key));
    rope.base = scaling.number_or("rope_theta", rope.base);
    read_scaling(scaling, static_cast<double>(context_length), rope);
    if (scaling.error()) return fail(*scaling.error(), key);
    break;
  }
  if (members.error()) return fail(*members.error());
  return rope;
}

// All but the rope.
AlikeLayers read_layers(Members& members, int64_t hidden_size) {
  AlikeLayers layers{};
  layers.count = members.integer("num_hidden_layers");
  layers.feed_forward.size = members.integer("intermediate_size");
  GroupedAttentionSpec& attention = layers.attention;
  attention.head_count = members.integer("num_attention_heads");
  attention.kv_head_count = members.integer_or("num_key_value_heads", attention.head_count);
  attention.head_dim =
      members.integer_or("head_dim", attention.head_count < 1 ? 0 : hidden_size / attention.head_count);
  return layers;
}

void refuse_what_is_not_supported(Members& members) {
  for (const char* key : {"attention_bias", "mlp_bias", "use_sliding_window"}) {
    if (members.boolean_or(key, false))
      members.refuse(fmt::format("'{}' is true, which is not supported yet", key));
  }
  const std::string activation = members.text_or("hidden_act", "silu");
  if (activation != "silu")
    members.refuse(fmt::format("'hidden_act' is '{}', only silu is supported", activation));
  if (!members.has("layer_types")) return;
  for (const Json& type : members.at("layer_types")) {
    if (type != "full_attention") {
      members.refuse("'layer_types' has another kind than full_attention, which is not supported yet");
    }
  }
}

}  // namespace

Result<ModelConfig> read_hugging_face_config(std::string_view json) {
  const Json document = Json::parse(plain_json(json), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return fail(ErrorCode::corrupt_data, "config.json is not a JSON object");
  Members members(document);
  const std::string name = members.text_or("model_type", "");
  const Architecture* architecture = find_architecture(name);
  if (architecture == nullptr) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("config.json: the model_type '{}' is not supported; supported are {}", name,
                            architecture_names()));
  }

  ModelConfig config{};
  config.architecture = name;
  config.hidden_size = members.integer("hidden_size");
  AlikeLayers layers = read_layers(members, config.hidden_size);
  config.vocabulary_size = members.integer("vocab_size");
  config.context_length =
      members.integer_or("max_position_embeddings", architecture->hugging_face_context_length);
  config.norm_epsilon =
      static_cast<float>(members.number_or("rms_norm_eps", architecture->hugging_face_norm_epsilon));
  config.tied_embeddings = members.boolean_or("tie_word_embeddings", false);
  refuse_what_is_not_supported(members);
  if (members.error()) return fail(*members.error(), "config.json");

  auto rope =
      read_rope(members, config.context_length, layers.attention.head_dim, architecture->hugging_face_rope);
  if (!rope) return fail(rope.error(), "config.json");
  layers.rope = std::move(*rope);
  auto finished = finish_config(std::move(config), layers);
  if (!finished) return fail(finished.error(), "config.json");
  return finished;
}

}  // namespace shoal
