#include "api/foreign_fields.h"

#include <limits>
#include <optional>

namespace shoal {
namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();  // equals no number

// A setting is off when its value is null, false, "", [], {} or one of these two numbers.
struct ForeignField {
  std::string_view name;
  double off = no_number;
  double also_off = no_number;
};

constexpr ForeignField foreign_fields[] = {
    // Settings of which tokens and texts may come.
    {"bad_words"},
    {"bad_words_ids"},
    {"banned_strings"},
    {"banned_tokens"},
    {"allowed_token_ids"},
    {"logits_processors"},
    {"structural_tag"},
    {"grammar_lazy"},
    {"guided_whitespace_pattern"},
    {"whitespace_pattern"},
    {"stop_regex"},
    {"no_repeat_ngram_size", 0},
    {"watermark"},
    // Settings of what is shown.
    {"include_stop_str_in_output"},
    {"no_stop_trim"},
    {"prompt_logprobs"},
    // Settings of length, and of how much of the prompt is read.
    {"truncate"},
    {"truncate_prompt_tokens"},
    {"t_max_predict_ms", 0, -1},
    {"thinking_budget", -1},
    {"thinking_token_budget", -1},
    {"reasoning_budget", -1},
    // Settings of sampling.
    {"use_beam_search"},
    {"num_beams", 1},
    {"typical_p", 0, 1},
    {"typical", 0, 1},
    {"tfs_z", 0, 1},
    {"tfs", 0, 1},
    {"top_a", 0},
    {"top_n_sigma", 0, -1},
    {"mirostat", 0},
    {"mirostat_mode", 0},
    {"dry_multiplier", 0},
    {"xtc_probability", 0},
    {"dynatemp_range", 0},
    {"smoothing_factor", 0},
    {"epsilon_cutoff", 0},
    {"eta_cutoff", 0},
    {"encoder_repetition_penalty", 1},
    {"penalty_alpha", 0},
    {"guidance_scale", 1},
    {"cfg_scale", 1},
    {"negative_prompt"},
    // Settings of the model.
    {"speculative"},
    {"lora"},
    {"lora_path"},
    {"adapter_id"},
};

std::optional<double> number_of(const Value& value) {
  if (value.integer() != nullptr) return static_cast<double>(*value.integer());
  if (value.number() != nullptr) return *value.number();
  return std::nullopt;
}

bool is_off(const ForeignField& field, const Value& value) {
  if (const bool* flag = value.boolean()) return !*flag;
  if (value.text() != nullptr) return value.text()->empty();
  if (value.array() != nullptr) return value.array()->empty();
  if (value.object() != nullptr) return value.object()->empty();
  const auto number = number_of(value);
  return number && (*number == field.off || *number == field.also_off);
}

}  // namespace

void refuse_foreign_settings(RequestFields& fields) {
  for (const ForeignField& field : foreign_fields) {
    const Value* value = fields.find(field.name);
    if (value == nullptr || is_off(field, *value)) continue;
    fields.reject_unsupported(field.name, describe_value(*value) + " is not supported");
  }
  // This one is on when it is not given.
  if (!fields.boolean("skip_special_tokens").value_or(true)) {
    fields.reject_unsupported("skip_special_tokens", "false is not supported");
  }
}

}  // namespace shoal
