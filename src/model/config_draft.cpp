#include "model/config_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/architecture.h"

namespace shoal {
namespace {

constexpr int64_t max_layer_count = 1 << 16;

// Below all bounds the product of two sizes and a few bytes stays below 2^63; they are far above any model.
struct Bound {
  std::string_view name;
  int64_t value;
  int64_t limit;
};

Result<void> check_bounds(std::initializer_list<Bound> bounds) {
  for (const Bound& bound : bounds) {
    if (bound.value >= 1 && bound.value <= bound.limit) continue;
    return fail(ErrorCode::corrupt_data,
                fmt::format("{} is {}, it has to be from 1 to {}", bound.name, bound.value, bound.limit));
  }
  return {};
}

Result<void> check_attention(const GroupedAttentionSpec& attention) {
  if (auto checked =
          check_bounds({{"the head count", attention.head_count, 1 << 16},
                        {"the key-value head count", attention.kv_head_count, 1 << 16},
                        {"the head dimension", attention.head_dim, 1 << 16},
                        {"the window", std::max(attention.window, int64_t{1}), int64_t{1} << 31},
                        {"the step of the queries' scale", attention.position_scale.step, int64_t{1} << 31}});
      !checked) {
    return checked;
  }
  if (attention.head_count % attention.kv_head_count != 0) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("the head count {} is not a multiple of the key-value head count {}",
                            attention.head_count, attention.kv_head_count));
  }
  if (!std::isfinite(attention.scale) || attention.scale <= 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the factor of q·k is {}", attention.scale));
  }
  if (!std::isfinite(attention.soft_cap) || attention.soft_cap < 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the soft cap of q·k is {}", attention.soft_cap));
  }
  return {};
}

Result<void> check_experts(const ExpertsSpec& experts) {
  if (auto checked =
          check_bounds({{"the count of experts", experts.count, 1 << 16},
                        {"the count of experts for a token", experts.used, experts.count},
                        {"the size of an expert", experts.size, 1 << 24},
                        {"the size of the shared expert", experts.shared_size + 1, 1 << 24},
                        {"the count of groups of experts", experts.group_count, experts.count},
                        {"the count of groups for a token", experts.used_groups, experts.group_count}});
      !checked) {
    return checked;
  }
  const int64_t group_size = experts.count / experts.group_count;
  if (group_size * experts.group_count != experts.count || group_size * experts.used_groups < experts.used) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("{} experts in {} groups, of which a token uses {} experts of {} groups",
                            experts.count, experts.group_count, experts.used, experts.used_groups));
  }
  if (!std::isfinite(experts.weight_scale) || !std::isfinite(experts.clip) || experts.clip < 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the experts' weights are scaled by {}, clipped at {}",
                                                     experts.weight_scale, experts.clip));
  }
  return {};
}

Result<void> check_rope(const ConfigDraft& draft, const LayerSpec& layer) {
  if (layer.rope == no_rope) return {};
  const RopeSettings& rope = draft.ropes[static_cast<size_t>(layer.rope)];
  if (rope.dimensions <= layer.attention.head_dim) return {};
  return fail(ErrorCode::corrupt_data, fmt::format("rope turns {} dimensions of a head that has {}",
                                                   rope.dimensions, layer.attention.head_dim));
}

Result<void> check_sizes(const ConfigDraft& draft) {
  const ModelConfig& config = draft.config;
  if (auto checked = check_bounds({{"the layer count", config.layer_count(), max_layer_count},
                                   {"the hidden size", config.hidden_size, 1 << 24},
                                   {"the vocabulary size", config.vocabulary_size, 1 << 28},
                                   {"the context length", config.context_length, int64_t{1} << 31}});
      !checked) {
    return checked;
  }
  if (!std::isfinite(config.norm_epsilon) || config.norm_epsilon < 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the norm's epsilon is {}", config.norm_epsilon));
  }
  if (!std::isfinite(config.logit_soft_cap) || config.logit_soft_cap < 0) {
    return fail(ErrorCode::corrupt_data, fmt::format("the logits' soft cap is {}", config.logit_soft_cap));
  }
  for (const LayerSpec& layer : config.layers) {
    if (auto checked = check_attention(layer.attention); !checked) return checked;
    if (auto checked = check_rope(draft, layer); !checked) return checked;
    auto checked = layer.experts
                       ? check_experts(*layer.experts)
                       : check_bounds({{"the feed-forward size", layer.feed_forward.size, 1 << 24}});
    if (!checked) return checked;
  }
  return {};
}

// Settings that change what a model computes, with the value that changes nothing besides 0 and false.
struct Demand {
  SettingName name;
  double neutral = 0;
};
constexpr Demand demands[] = {
    {{"", "attention_bias"}},
    {{"", "mlp_bias"}},
    {{"", "use_bias"}},
    {{"attn_logit_softcapping", "attn_logit_softcapping"}},
    {{"final_logit_softcapping", "final_logit_softcapping"}},
    {{"attention.clamp_kqv", "clip_qkv"}},
    {{"attention.scale", "attention_multiplier"}, 1},
    {{"embedding_scale", "embedding_multiplier"}, 1},
    {{"residual_scale", "residual_multiplier"}, 1},
    {{"logit_scale", "logits_scaling"}, 1},
    {{"", "logit_scale"}, 1},
    {{"", "scale_emb"}, 1},
    {{"", "query_pre_attn_scalar"}},
    {{"", "attention_chunk_size"}},
    {{"attention.temperature_scale", "rope_parameters.llama_4_scaling_beta"}},
    {{"", "rope_scaling.llama_4_scaling_beta"}},
    {{"", "rope_parameters.sliding_attention"}},
    {{"", "rope_local_base_freq"}},
    {{"", "no_rope_layers"}},
    {{"", "use_qk_norm"}},
    {{"", "swiglu_limit"}},
    {{"expert_count", "num_experts"}},
    {{"", "num_local_experts"}},
    {{"", "n_routed_experts"}},
    {{"attention.q_lora_rank", "q_lora_rank"}},
    {{"attention.kv_lora_rank", "kv_lora_rank"}},
    {{"attention.indexer.head_count", "index_topk"}},
    {{"ssm.state_size", "mamba_d_state"}},
    {{"", "num_kv_shared_layers"}},
    {{"", "hidden_size_per_layer_input"}},
};

// What files say and nobody has asked for would be computed wrongly.
void refuse_what_nobody_read(Settings& settings) {
  for (const Demand& demand : demands) {
    if (settings.was_read(demand.name) || settings.is_neutral(demand.name, demand.neutral)) continue;
    settings.refuse(
        fmt::format("'{}' says what is not supported in this architecture", settings.full_name(demand.name)));
  }
  const SettingName value_length{"attention.value_length", ""};
  const int64_t key_length = settings.integer_or({"attention.key_length", ""}, 0);
  if (settings.was_read(value_length) || settings.is_neutral(value_length, static_cast<double>(key_length)))
    return;
  settings.refuse(fmt::format("'{}' is {}, only the keys' length is supported",
                              settings.full_name(value_length), settings.integer_or(value_length, 0)));
}

Activation read_activation(Settings& settings) {
  const SettingName newer{"", "hidden_activation"};
  const SettingName name = settings.has(newer) ? newer : SettingName{"", "hidden_act"};
  const std::string text = settings.text_or(name, "silu");
  if (text == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (text != "silu" && text != "swish") {
    settings.refuse(fmt::format("'{}' is '{}', supported are silu and gelu_pytorch_tanh",
                                settings.full_name(name), text));
  }
  return Activation::silu;
}

LayerSpec read_layer(Settings& settings, int64_t hidden_size) {
  LayerSpec layer;
  GroupedAttentionSpec& attention = layer.attention;
  attention.head_count = settings.integer_of_all_layers({"attention.head_count", "num_attention_heads"}, 0);
  attention.kv_head_count = settings.integer_of_all_layers({"attention.head_count_kv", "num_key_value_heads"},
                                                           attention.head_count);
  attention.head_dim = settings.integer_or({"attention.key_length", "head_dim"},
                                           attention.head_count < 1 ? 0 : hidden_size / attention.head_count);
  attention.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(attention.head_dim)));
  layer.feed_forward.size = settings.integer_of_all_layers({"feed_forward_length", "intermediate_size"}, 0);
  layer.feed_forward.activation = read_activation(settings);
  return layer;
}

// Whether each layer slides, where files say it: by name, by truth values or by a period, whose last layer
// does not.
std::vector<bool> sliding_layers(Settings& settings, int64_t layer_count) {
  std::vector<bool> slides;
  const SettingName pattern{"attention.sliding_window_pattern", ""};
  if (settings.is_list(pattern)) {
    for (const int64_t truth : settings.integers(pattern)) slides.push_back(truth != 0);
  } else if (const int64_t period = settings.integer_or(pattern, 0); period > 0) {
    for (int64_t layer = 0; layer < layer_count; ++layer) slides.push_back((layer + 1) % period != 0);
  }
  for (const std::string& kind : settings.texts({"", "layer_types"})) {
    slides.push_back(kind == "sliding_attention");
    if (kind == "sliding_attention" || kind == "full_attention") continue;
    settings.refuse(fmt::format("'layer_types' has the kind '{}', which is not supported yet", kind));
  }
  if (!slides.empty() && std::ssize(slides) != layer_count) {
    settings.note(fmt::format("the kinds of {} layers are given, there are {}", slides.size(), layer_count));
  }
  return slides;
}

}  // namespace

void read_windows(Settings& settings, ConfigDraft& draft, FunctionRef<bool(int64_t layer)> slides) {
  std::vector<LayerSpec>& layers = draft.config.layers;
  const bool is_on = settings.boolean_or({"", "use_sliding_window"}, true);
  const int64_t window = settings.integer_or({"attention.sliding_window", "sliding_window"}, 0);
  if (window < 0) settings.note(fmt::format("the window is {}", window));
  const std::vector<bool> said = sliding_layers(settings, std::ssize(layers));
  if (settings.error()) return;
  for (int64_t number = 0; number < std::ssize(layers); ++number) {
    const auto index = static_cast<size_t>(number);
    const bool is_sliding = said.empty() ? slides(number) : said[index];
    layers[index].attention.window = is_on && is_sliding ? window : 0;
  }
}

ConfigDraft read_draft(Settings& settings, const Architecture& architecture) {
  ConfigDraft draft;
  ModelConfig& config = draft.config;
  const bool is_gguf = settings.dialect() == Dialect::gguf;
  draft.rope_layout = is_gguf ? architecture.gguf_rope : architecture.hugging_face_rope;
  config.hidden_size = settings.integer({"embedding_length", "hidden_size"});
  config.context_length = settings.integer({"context_length", "max_position_embeddings"});
  config.norm_epsilon =
      static_cast<float>(settings.number({"attention.layer_norm_rms_epsilon", "rms_norm_eps"}));
  config.left_alone_layers = settings.integer_or({"nextn_predict_layers", "num_nextn_predict_layers"}, 0);
  int64_t count = settings.integer({"block_count", "num_hidden_layers"});
  if (is_gguf) count -= config.left_alone_layers;
  if (count < 1 || count > max_layer_count || config.left_alone_layers < 0) {
    settings.note(fmt::format("the layer count is {}, it has to be from 1 to {}", count, max_layer_count));
    return draft;
  }
  const LayerSpec layer = read_layer(settings, config.hidden_size);
  config.layers.assign(static_cast<size_t>(count), layer);
  draft.ropes = {read_rope(settings, draft, layer.attention.head_dim, "full_attention")};
  read_windows(settings, draft, [](int64_t) { return true; });
  if (!settings.error() && architecture.describe != nullptr) architecture.describe(settings, draft);
  if (!settings.error()) refuse_what_nobody_read(settings);
  return draft;
}

Result<ModelConfig> finish_config(ConfigDraft draft) {
  if (auto checked = check_sizes(draft); !checked) return fail(checked.error());
  for (const RopeSettings& settings : draft.ropes) {
    auto rope = make_rope(settings);
    if (!rope) return fail(rope.error());
    draft.config.ropes.push_back(std::move(*rope));
  }
  return std::move(draft.config);
}

}  // namespace shoal
