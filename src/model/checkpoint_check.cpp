#include "model/checkpoint_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/check.h"
#include "model/architecture.h"
#include "model/head.h"

namespace shoal {
namespace {

// Tensors in files that say nothing which the configuration does not say already.
bool is_ignored(std::string_view name) {
  return name == "rope_freqs.weight" || name == "rope_factors_short.weight" ||
         name == "rope_factors_long.weight" || name.ends_with(".rotary_emb.inv_freq") ||
         name.ends_with(".attn_rot_embd.weight");
}

// Visits all weights of a model and marks the tensors that they lie in.
class TensorCheck {
 public:
  TensorCheck(const ModelConfig& config, Dialect dialect, const StoredTensors& tensors)
      : config_(config), dialect_(dialect), tensors_(tensors) {}

  Result<void> run() {
    for (int64_t number = 0; number < config_.layer_count(); ++number) {
      const auto layer = make_layer(config_, number);
      const std::string prefix = layer_prefix(dialect_, number);
      layer->visit_weights([&](const Weight& weight) { check(prefix, weight); });
      if (error_) return fail(error_of_layer(prefix));
    }
    Head().visit_weights(config_, [&](const Weight& weight) { check("", weight); });
    if (error_) return fail(*error_);
    const auto stranger = find_stranger("");
    return stranger == tensors_.end() ? Result<void>() : fail(describe_stranger(stranger->first));
  }

  bool needs(const std::string& name) const { return needed_.contains(name); }

 private:
  void check(std::string_view prefix, const Weight& weight) {
    const auto found = find_source(tensors_, dialect_, prefix, weight);
    if (!found) {
      if (weight.need == Need::required) note(missing(prefix, weight));
      return;
    }
    for (const StoredTensor* tensor : found->tensors) {
      known_.insert(tensor->name);
      if (weight.need != Need::unused) needed_.insert(tensor->name);
    }
    if (weight.need == Need::unused) return;
    if (const auto stored = locate(*found, weight); !stored) note(stored.error());
  }

  Error missing(std::string_view prefix, const Weight& weight) const {
    // The first source is the usual one.
    const auto usual = std::ranges::find_if(
        weight.sources, [&](const WeightSource& source) { return !source.name(dialect_).empty(); });
    CHECK(usual != weight.sources.end());
    return {ErrorCode::corrupt_data,
            fmt::format("the tensor '{}{}' is missing", prefix, usual->name(dialect_))};
  }

  // A layer of a variant lacks tensors and has others, which say more of it.
  Error error_of_layer(std::string_view prefix) const {
    const auto stranger = find_stranger(prefix);
    return stranger == tensors_.end() ? *error_ : describe_stranger(stranger->first);
  }

  StoredTensors::const_iterator find_stranger(std::string_view prefix) const {
    return std::find_if(tensors_.lower_bound(prefix), tensors_.end(), [&](const auto& item) {
      return item.first.starts_with(prefix) && !known_.contains(item.first) && !is_ignored(item.first) &&
             !is_behind_the_layers(item.first);
    });
  }

  // Layers that predict the token after the next, which we do not run.
  bool is_behind_the_layers(std::string_view name) const {
    const auto layer = layer_of_name(dialect_, name);
    return layer && *layer >= config_.layer_count() &&
           *layer - config_.layer_count() < config_.left_alone_layers;
  }

  Error describe_stranger(std::string_view name) const {
    const auto layer = layer_of_name(dialect_, name);
    if (layer && (*layer < 0 || *layer >= config_.layer_count())) {
      return {ErrorCode::corrupt_data,
              fmt::format("tensor '{}' belongs to layer {}, the model says it has {}", name, *layer,
                          config_.layer_count())};
    }
    return {ErrorCode::invalid_argument,
            fmt::format("tensor '{}' is unknown to the architecture {}: this variant is not supported", name,
                        config_.architecture)};
  }

  void note(Error error) {
    if (!error_) error_ = std::move(error);
  }

  const ModelConfig& config_;
  Dialect dialect_;
  const StoredTensors& tensors_;
  std::set<std::string, std::less<>> known_;   // of `tensors_`, what some weight is read from or may be in
  std::set<std::string, std::less<>> needed_;  // what is read
  std::optional<Error> error_;                 // the first
};

}  // namespace

Result<StoredTensors> check_tensors(const CheckpointFiles& files) {
  StoredTensors tensors;
  for (const StoredTensor& tensor : files.tensors) {
    if (!tensors.emplace(tensor.name, tensor).second) {
      return fail(ErrorCode::corrupt_data, fmt::format("the tensor '{}' is there twice", tensor.name));
    }
  }
  TensorCheck check(files.config, files.dialect, tensors);
  if (auto checked = check.run(); !checked) return fail(checked.error());
  std::erase_if(tensors, [&](const auto& item) { return !check.needs(item.first); });
  return tensors;
}

}  // namespace shoal
