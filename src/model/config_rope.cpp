#include <fmt/format.h>

#include <algorithm>

#include "model/config_draft.h"

namespace shoal {
namespace {

// rope_parameters of transformers 5, of one kind of layers where they differ, or rope_scaling of the hub.
class RopeSection {
 public:
  RopeSection(Settings& settings, std::string_view layer_kind) : settings_(settings) {
    if (settings.has({"", "rope_parameters"})) name_ = "rope_parameters";
    if (settings.has({"", name_}) && !settings.is_section({"", name_})) {
      settings.note(fmt::format("'{}' is not an object", name_));
    }
    const std::string of_kind = fmt::format("{}.{}", name_, layer_kind);
    if (settings.has({"", of_kind})) name_ = of_kind;
  }

  bool has(std::string_view key) const { return settings_.has({"", full(key)}); }
  double number(std::string_view key) const { return settings_.number({"", full(key)}); }
  double number_or(std::string_view key, double fallback) const {
    return settings_.number_or({"", full(key)}, fallback);
  }
  bool boolean_or(std::string_view key, bool fallback) const {
    return settings_.boolean_or({"", full(key)}, fallback);
  }
  std::string text_or(std::string_view key, std::string fallback) const {
    return settings_.text_or({"", full(key)}, std::move(fallback));
  }
  std::vector<float> floats(std::string_view key) const {
    const std::vector<double> numbers = settings_.numbers({"", full(key)});
    return {numbers.begin(), numbers.end()};
  }
  std::string full(std::string_view key) const { return fmt::format("{}.{}", name_, key); }

 private:
  Settings& settings_;
  std::string name_ = "rope_scaling";
};

void read_yarn(const RopeSection& section, double context_length, RopeSettings& rope) {
  rope.scaling = RopeScaling::yarn;
  rope.factor = section.number("factor");
  rope.original_context_length = section.number_or("original_max_position_embeddings", context_length);
  rope.beta_fast = section.number_or("beta_fast", 32.0);
  rope.beta_slow = section.number_or("beta_slow", 1.0);
  rope.truncate = section.boolean_or("truncate", true);
  const double scale = section.number_or("mscale", 0);
  const double scale_all = section.number_or("mscale_all_dim", 0);
  if (section.has("attention_factor")) {
    rope.magnitude = section.number("attention_factor");
  } else if (scale != 0 && scale_all != 0) {
    rope.magnitude = yarn_magnitude(rope.factor, scale) / yarn_magnitude(rope.factor, scale_all);
  }
}

void read_longrope(Settings& settings, const RopeSection& section, double context_length,
                   RopeSettings& rope) {
  const SettingName original{"", "original_max_position_embeddings"};
  rope.scaling = RopeScaling::longrope;
  rope.original_context_length =
      settings.has(original) ? settings.number(original) : section.number("original_max_position_embeddings");
  rope.factor = settings.has(original) || !section.has("factor")
                    ? context_length / std::max(rope.original_context_length, 1.0)
                    : section.number("factor");
  rope.divisors = section.floats("short_factor");
  rope.long_divisors = section.floats("long_factor");
  if (section.has("attention_factor")) rope.magnitude = section.number("attention_factor");
  if (rope.divisors.empty() || rope.long_divisors.empty()) {
    settings.note("longrope needs 'short_factor' and 'long_factor'");
  }
  for (const char* key : {"short_mscale", "long_mscale"}) {
    if (section.has(key)) settings.refuse(fmt::format("'{}' is not supported", section.full(key)));
  }
}

void read_scaling(Settings& settings, const RopeSection& section, double context_length, RopeSettings& rope) {
  const std::string kind = section.text_or("rope_type", section.text_or("type", "default"));
  if (kind == "default" || kind == "none") return;
  if (kind == "linear") {
    rope.scaling = RopeScaling::linear;
    rope.factor = section.number("factor");
  } else if (kind == "dynamic") {
    // The base grows with sequences longer than the context, and we run none.
    if (section.has("alpha")) settings.refuse(fmt::format("'{}' is not supported", section.full("alpha")));
  } else if (kind == "llama3") {
    rope.scaling = RopeScaling::llama3;
    rope.factor = section.number("factor");
    rope.original_context_length = section.number("original_max_position_embeddings");
    rope.low_frequency_factor = section.number("low_freq_factor");
    rope.high_frequency_factor = section.number("high_freq_factor");
  } else if (kind == "yarn") {
    read_yarn(section, context_length, rope);
  } else if (kind == "longrope" || kind == "su") {
    read_longrope(settings, section, context_length, rope);
  } else {
    settings.refuse(
        fmt::format("the rope type '{}' is not supported; supported are default, linear, "
                    "dynamic, llama3, yarn and longrope",
                    kind));
  }
}

// How many of a head's elements are turned.
int64_t read_dimensions(Settings& settings, const RopeSection& section, int64_t head_dim) {
  const double part =
      section.number_or("partial_rotary_factor", settings.number_or({"", "partial_rotary_factor"}, 1.0));
  if (!(part > 0 && part <= 1)) settings.note(fmt::format("'partial_rotary_factor' is {}", part));
  const int64_t turned = part < 1 ? static_cast<int64_t>(static_cast<double>(head_dim) * part) : head_dim;
  return settings.integer_or({"", "rotary_dim"}, turned);
}

RopeSettings read_hugging_face_rope(Settings& settings, double context_length, int64_t head_dim,
                                    std::string_view layer_kind) {
  const RopeSection section(settings, layer_kind);
  RopeSettings rope;
  rope.dimensions = read_dimensions(settings, section, head_dim);
  rope.base = section.number_or("rope_theta", settings.number_or({"", "rope_theta"}, 10000.0));
  read_scaling(settings, section, context_length, rope);
  return rope;
}

RopeSettings read_gguf_rope(Settings& settings, int64_t head_dim) {
  RopeSettings rope;
  rope.dimensions = settings.integer_or({"rope.dimension_count", ""}, head_dim);
  rope.base = settings.number_or({"rope.freq_base", ""}, 10000.0);
  const double magnitude = settings.number_or({"rope.scaling.attn_factor", ""}, 1.0);
  if (magnitude != 1) rope.magnitude = magnitude;
  // As in llama.cpp, scaling without a type is linear, and a factor of 0 counts as absent.
  const SettingName type{"rope.scaling.type", ""};
  const std::string kind = settings.text_or(type, "linear");
  if (kind == "none") return rope;
  const double factor =
      settings.number_or({"rope.scaling.factor", ""}, settings.number_or({"rope.scale_linear", ""}, 0.0));
  rope.factor = factor == 0 ? 1.0 : factor;
  rope.original_context_length = settings.number_or({"rope.scaling.original_context_length", ""}, 0);
  if (kind == "yarn") {
    rope.scaling = RopeScaling::yarn;
    rope.original_context_length = settings.number({"rope.scaling.original_context_length", ""});
    rope.beta_fast = settings.number_or({"rope.scaling.yarn_beta_fast", ""}, 32.0);
    rope.beta_slow = settings.number_or({"rope.scaling.yarn_beta_slow", ""}, 1.0);
    rope.magnitude = magnitude * yarn_magnitude(rope.factor, 1.0);
  } else if (kind == "linear") {
    rope.scaling = RopeScaling::linear;
  } else if (kind != "longrope") {  // which is told by its tensors
    settings.refuse(fmt::format("'{}' is '{}', supported are none, linear, yarn and longrope",
                                settings.full_name(type), kind));
  }
  return rope;
}

}  // namespace

RopeSettings read_rope(Settings& settings, const ConfigDraft& draft, int64_t head_dim,
                       std::string_view layer_kind) {
  const auto context_length = static_cast<double>(draft.config.context_length);
  RopeSettings rope = settings.dialect() == Dialect::gguf
                          ? read_gguf_rope(settings, head_dim)
                          : read_hugging_face_rope(settings, context_length, head_dim, layer_kind);
  rope.layout = draft.rope_layout;
  return rope;
}

}  // namespace shoal
