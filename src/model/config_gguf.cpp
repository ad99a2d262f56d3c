#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/architecture.h"
#include "model/config_reader.h"
#include "model/rope.h"

namespace shoal {
namespace {

// Reads the keys of one architecture. The first error is kept and ends the reading.
class Keys {
 public:
  Keys(const GgufFile& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  std::string name(std::string_view key) const { return fmt::format("{}.{}", prefix_, key); }

  int64_t integer(std::string_view key) { return keep(file_.integer(name(key)), int64_t{0}); }
  int64_t integer_or(std::string_view key, int64_t fallback) {
    return file_.metadata.contains(name(key)) ? integer(key) : fallback;
  }
  double number(std::string_view key) { return keep(file_.number(name(key)), 0.0); }
  double number_or(std::string_view key, double fallback) {
    return file_.metadata.contains(name(key)) ? number(key) : fallback;
  }

  // A count that may be given once for each layer; it must be the same for all layers.
  int64_t count_of_all_layers(std::string_view key, int64_t fallback) {
    const auto* counts = file_.find_integers(name(key));
    if (counts == nullptr || counts->empty()) return integer_or(key, fallback);
    if (!std::ranges::all_of(*counts, [&](int64_t count) { return count == counts->front(); })) {
      refuse(fmt::format("'{}' differs between layers, which is not supported", name(key)));
    }
    return counts->front();
  }

  void refuse(std::string message) {
    if (!error_) error_ = Error{ErrorCode::invalid_argument, std::move(message)};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <class T>
  T keep(Result<T> value, T fallback) {
    if (value) return *value;
    if (!error_) error_ = value.error();
    return fallback;
  }

  const GgufFile& file_;
  std::string prefix_;
  std::optional<Error> error_;
};

RopeSettings rope_settings(const GgufFile& file, Keys& keys, int64_t head_dim) {
  RopeSettings rope;
  rope.dimensions = keys.integer_or("rope.dimension_count", head_dim);
  rope.base = keys.number_or("rope.freq_base", 10000.0);
  // As in llama.cpp, scaling without a type is linear, and a factor of 0 counts as absent.
  const std::string kind = file.find_text(keys.name("rope.scaling.type")).value_or("linear");
  if (kind == "none") return rope;
  const double factor = keys.number_or("rope.scaling.factor", keys.number_or("rope.scale_linear", 0.0));
  rope.factor = factor == 0 ? 1.0 : factor;
  if (kind == "yarn") {
    rope.scaling = RopeScaling::yarn;
    rope.original_context_length = keys.number("rope.scaling.original_context_length");
    rope.beta_fast = keys.number_or("rope.scaling.yarn_beta_fast", 32.0);
    rope.beta_slow = keys.number_or("rope.scaling.yarn_beta_slow", 1.0);
    rope.magnitude = keys.number_or("rope.scaling.attn_factor", 1.0) * yarn_magnitude(rope.factor, 1.0);
  } else if (kind == "linear") {
    rope.scaling = RopeScaling::linear;
  } else {
    keys.refuse(fmt::format("'{}' is '{}', supported are none, linear and yarn",
                            keys.name("rope.scaling.type"), kind));
  }
  return rope;
}

AlikeLayers read_layers(const GgufFile& file, Keys& keys, int64_t hidden_size) {
  AlikeLayers layers{};
  layers.count = keys.integer("block_count");
  layers.feed_forward.size = keys.count_of_all_layers("feed_forward_length", 0);
  GroupedAttentionSpec& attention = layers.attention;
  attention.head_count = keys.count_of_all_layers("attention.head_count", 0);
  attention.kv_head_count = keys.count_of_all_layers("attention.head_count_kv", attention.head_count);
  attention.head_dim = keys.integer_or("attention.key_length",
                                       attention.head_count < 1 ? 0 : hidden_size / attention.head_count);
  layers.rope = rope_settings(file, keys, attention.head_dim);
  return layers;
}

void refuse_what_is_not_supported(Keys& keys, int64_t context_length, int64_t head_dim) {
  if (keys.integer_or("expert_count", 0) != 0) {
    keys.refuse(
        fmt::format("'{}' is not 0: mixtures of experts are not supported yet", keys.name("expert_count")));
  }
  const int64_t window = keys.integer_or("attention.sliding_window", 0);
  if (window != 0 && window < context_length) {
    keys.refuse(fmt::format("'{}' is {}: sliding windows are not supported yet",
                            keys.name("attention.sliding_window"), window));
  }
  const int64_t value_length = keys.integer_or("attention.value_length", head_dim);
  if (value_length != head_dim) {
    keys.refuse(fmt::format("'{}' is {}, only the keys' length {} is supported",
                            keys.name("attention.value_length"), value_length, head_dim));
  }
}

}  // namespace

Result<ModelConfig> read_gguf_config(const GgufFile& file, GgufTensorFacts facts) {
  const auto name = file.text("general.architecture");
  if (!name) return fail(name.error());
  const Architecture* architecture = find_architecture(*name);
  if (architecture == nullptr) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("the architecture '{}' is not supported; supported are {}", *name, architecture_names()));
  }

  Keys keys(file, *name);
  ModelConfig config{};
  config.architecture = *name;
  config.name = file.find_text("general.name").value_or("");
  config.hidden_size = keys.integer("embedding_length");
  config.vocabulary_size = facts.embedding_rows;
  config.context_length = keys.integer("context_length");
  config.norm_epsilon = static_cast<float>(keys.number("attention.layer_norm_rms_epsilon"));
  config.tied_embeddings = !facts.has_output_matrix;
  AlikeLayers layers = read_layers(file, keys, config.hidden_size);
  refuse_what_is_not_supported(keys, config.context_length, layers.attention.head_dim);
  if (keys.error()) return fail(*keys.error());

  layers.rope.layout = architecture->gguf_rope;
  layers.rope.divisors = std::move(facts.rope_divisors);
  const auto* tokens = file.find_texts("tokenizer.ggml.tokens");
  if (tokens != nullptr && std::ssize(*tokens) > config.vocabulary_size) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("the tokenizer has {} tokens, 'token_embd.weight' only {} rows", tokens->size(),
                            config.vocabulary_size));
  }
  return finish_config(std::move(config), layers);
}

}  // namespace shoal
