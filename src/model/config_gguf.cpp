#include <fmt/format.h>

#include "model/architecture.h"
#include "model/config_draft.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

// The keys of one architecture.
class GgufKeys final : public SettingSource {
 public:
  GgufKeys(const GgufFile& file, std::string architecture)
      : file_(file), architecture_(std::move(architecture)) {}

  Dialect dialect() const override { return Dialect::gguf; }
  std::string full_name(std::string_view name) const override {
    return fmt::format("{}.{}", architecture_, name);
  }
  std::optional<SettingValue> find(std::string_view name) const override {
    const auto entry = file_.metadata.find(full_name(name));
    if (entry == file_.metadata.end()) return std::nullopt;
    return std::visit([](const auto& value) { return setting_of(value); }, entry->second.value);
  }

 private:
  template <class T>
  static SettingValue setting_of(const T& value) {
    return value;
  }
  static SettingValue setting_of(uint64_t value) {
    if (value > static_cast<uint64_t>(INT64_MAX)) return std::monostate();
    return static_cast<int64_t>(value);
  }
  static SettingValue setting_of(const GgufArray&) { return std::monostate(); }

  const GgufFile& file_;
  std::string architecture_;
};

// The divisors of frequencies that come as tensors belong to the ropes of all layers.
void add_divisors(const GgufTensorFacts& facts, const ConfigDraft& draft, RopeSettings& rope) {
  rope.divisors = facts.rope_divisors;
  if (facts.rope_short_divisors.empty() && facts.rope_long_divisors.empty()) return;
  rope.scaling = RopeScaling::longrope;
  rope.divisors = facts.rope_short_divisors;
  rope.long_divisors = facts.rope_long_divisors;
  if (rope.original_context_length == 0) {
    rope.original_context_length = static_cast<double>(draft.config.context_length);
  }
  rope.magnitude = rope.magnitude.value_or(1.0);  // the files say it
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

  const GgufKeys keys(file, *name);
  Settings settings(keys, {});
  ConfigDraft draft = read_draft(settings, *architecture);
  if (settings.error()) return fail(*settings.error());
  ModelConfig& config = draft.config;
  config.architecture = *name;
  config.name = file.find_text("general.name").value_or("");
  config.vocabulary_size = facts.embedding_rows;
  config.tied_embeddings = !facts.has_output_matrix;
  for (RopeSettings& rope : draft.ropes) add_divisors(facts, draft, rope);
  const auto* tokens = file.find_texts("tokenizer.ggml.tokens");
  if (tokens != nullptr && std::ssize(*tokens) > config.vocabulary_size) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("the tokenizer has {} tokens, 'token_embd.weight' only {} rows", tokens->size(),
                            config.vocabulary_size));
  }
  return finish_config(std::move(draft));
}

}  // namespace shoal
