#include "model/config_experts.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal {
namespace {

int64_t read_count(Settings& settings) {
  for (const SettingName& name :
       {SettingName{"expert_count", "num_experts"}, SettingName{"", "num_local_experts"},
        SettingName{"", "n_routed_experts"}}) {
    if (settings.has(name)) return settings.integer(name);
  }
  settings.note("the count of experts is missing");
  return 0;
}

RouterKind read_router(Settings& settings) {
  const SettingName gguf{"expert_gating_func", ""};
  const int64_t function = settings.integer_or(gguf, 1);
  if (function != 1 && function != 2) {
    settings.refuse(fmt::format("'{}' is {}, supported are 1 (softmax) and 2 (sigmoid)",
                                settings.full_name(gguf), function));
  }
  const std::string kind = settings.text_or({"", "scoring_func"}, function == 2 ? "sigmoid" : "softmax");
  if (kind != "softmax" && kind != "sigmoid") {
    settings.refuse(fmt::format("'scoring_func' is '{}', supported are softmax and sigmoid", kind));
  }
  return kind == "sigmoid" ? RouterKind::sigmoid : RouterKind::softmax;
}

int64_t read_shared_size(Settings& settings, int64_t expert_size) {
  const SettingName size{"expert_shared_feed_forward_length", "shared_expert_intermediate_size"};
  const int64_t count = settings.integer_or({"expert_shared_count", "n_shared_experts"}, 0);
  const int64_t largest = int64_t{1} << 24;
  if (count < 0 || count > largest) settings.note(fmt::format("there are {} shared experts", count));
  if (settings.has(size)) return settings.integer(size);
  return settings.error() ? 0 : count * std::min(expert_size, largest);
}

// Whether each layer is dense.
std::vector<bool> dense_layers(Settings& settings, int64_t layer_count) {
  std::vector<bool> dense(static_cast<size_t>(layer_count));
  const int64_t first = settings.integer_or({"leading_dense_block_count", "first_k_dense_replace"}, 0);
  const int64_t step = std::max<int64_t>(settings.integer_or({"", "decoder_sparse_step"}, 1), 1);
  const int64_t frequency = std::max<int64_t>(settings.integer_or({"", "moe_layer_freq"}, 1), 1);
  const std::vector<int64_t> named = settings.integers({"", "mlp_only_layers"});
  const std::vector<std::string> kinds = settings.texts({"", "mlp_layer_types"});
  if (!kinds.empty() && std::ssize(kinds) != layer_count) {
    settings.note(
        fmt::format("'mlp_layer_types' is about {} layers, there are {}", kinds.size(), layer_count));
    return dense;
  }
  for (int64_t layer = 0; layer < layer_count; ++layer) {
    const auto index = static_cast<size_t>(layer);
    dense[index] = layer < first || (layer + 1) % step != 0 || layer % frequency != 0 ||
                   std::ranges::find(named, layer) != named.end();
    if (!kinds.empty()) dense[index] = kinds[index] == "dense";
  }
  return dense;
}

}  // namespace

ExpertsSpec read_experts(Settings& settings) {
  ExpertsSpec experts;
  experts.count = read_count(settings);
  experts.used = settings.integer({"expert_used_count", "num_experts_per_tok"});
  const SettingName size{"expert_feed_forward_length", "moe_intermediate_size"};
  experts.size = settings.has(size)
                     ? settings.integer(size)
                     : settings.integer_of_all_layers({"feed_forward_length", "intermediate_size"}, 0);
  experts.shared_size = read_shared_size(settings, experts.size);
  experts.router = read_router(settings);
  experts.renormalises = settings.boolean_or({"expert_weights_norm", "norm_topk_prob"}, false);
  const double scale = settings.number_or({"expert_weights_scale", "routed_scaling_factor"}, 1.0);
  experts.weight_scale = scale == 0 ? 1.0F : static_cast<float>(scale);  // GGUF's 0 is none
  experts.group_count = settings.integer_or({"expert_group_count", "n_group"}, 1);
  experts.used_groups = settings.integer_or({"expert_group_used_count", "topk_group"}, 1);
  return experts;
}

void place_experts(Settings& settings, ConfigDraft& draft, const ExpertsSpec& experts) {
  std::vector<LayerSpec>& layers = draft.config.layers;
  const std::vector<bool> dense = dense_layers(settings, std::ssize(layers));
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!dense[i]) layers[i].experts = experts;
  }
}

}  // namespace shoal
