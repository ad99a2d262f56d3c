// gpt-oss (OpenAI 2025): every other layer sees a window; each head has a sink, a learned score that takes
// weight from the keys; all matrices have biases, and the experts' gates are clipped.
#include <fmt/format.h>

#include "model/architecture.h"
#include "model/config_experts.h"
#include "model/grouped_attention.h"
#include "model/mixed_layer.h"

namespace shoal::architectures {
namespace {

constexpr SettingDefault gpt_oss_defaults[] = {{"rms_norm_eps", 1e-5}, {"max_position_embeddings", 131072},
                                               {"head_dim", 64},       {"sliding_window", 128},
                                               {"attention_bias", 1},  {"swiglu_limit", 7}};
constexpr double gate_factor = 1.702;  // the kernel's

void describe_gpt_oss(Settings& settings, ConfigDraft& draft) {
  const bool is_gguf = settings.dialect() == Dialect::gguf;
  const bool has_bias = settings.boolean_or({"", "attention_bias"}, true);
  read_windows(settings, draft, [](int64_t layer) { return layer % 2 == 0; });
  if (is_gguf) draft.ropes.front().truncate = false;  // such files do not say it
  for (LayerSpec& layer : draft.config.layers) {
    layer.attention.has_qkv_bias = has_bias;
    layer.attention.has_output_bias = has_bias;
    layer.attention.has_sinks = true;
  }
  const double factor = settings.number_or({"", "swiglu_alpha"}, gate_factor);
  if (factor != gate_factor) {
    settings.refuse(fmt::format("'swiglu_alpha' is {}, only {} is supported", factor, gate_factor));
  }
  ExpertsSpec experts = read_experts(settings);
  experts.renormalises = true;
  experts.has_bias = true;
  experts.clip = static_cast<float>(settings.number_or({"", "swiglu_limit"}, 7.0));
  experts.names = ExpertNames::turned;
  place_experts(settings, draft, experts);
}

}  // namespace

extern const Architecture gpt_oss;
constinit const Architecture gpt_oss = {.gguf = {"gpt-oss"},
                                        .hugging_face = {"gpt_oss"},
                                        .hugging_face_defaults = gpt_oss_defaults,
                                        .describe = describe_gpt_oss,
                                        .make_layer = make_mixed_layer<GroupedAttention>};

}  // namespace shoal::architectures
