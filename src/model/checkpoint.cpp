#include "model/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "files/model_file_names.h"
#include "model/architecture.h"
#include "model/checkpoint_reader.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

bool is_matrix_type(DType type) {
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::q8_0:
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k: return true;
    case DType::f64:
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
    case DType::boolean: return false;
  }
  std::unreachable();
}

bool is_vector_type(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

// Tensors in files that say nothing which the configuration does not say already.
bool is_ignored(std::string_view name) {
  return name == "rope_freqs.weight" || name.ends_with(".rotary_emb.inv_freq") ||
         name.ends_with(".attn_rot_embd.weight");
}

const TensorRule* find_rule(std::span<const TensorRule> rules, std::string_view TensorRule::* member,
                            std::string_view name) {
  const auto rule = std::ranges::find(rules, name, member);
  return rule == rules.end() ? nullptr : &*rule;
}

struct NamedRule {
  std::string name;  // ours
  const TensorRule* rule;
};

// Which of our tensors has this name in the files. An empty result: a tensor that is not needed.
Result<NamedRule> identify(const CheckpointFiles& files, const Architecture& architecture,
                           std::string_view name) {
  if (const TensorRule* rule = find_rule(head_tensors(), files.rule_name, name)) {
    // A file with tied embeddings may hold a second copy.
    if (rule->name == "output.weight" && files.config.tied_embeddings) return NamedRule{};
    return NamedRule{.name = std::string(rule->name), .rule = rule};
  }
  if (is_ignored(name)) return NamedRule{};
  if (name.starts_with(files.layer_prefix)) {
    const std::string_view rest = name.substr(files.layer_prefix.size());
    int64_t layer = -1;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), layer);
    const auto digits = static_cast<size_t>(end - rest.data());
    if (error == std::errc() && digits + 1 < rest.size() && rest[digits] == '.') {
      if (layer < 0 || layer >= files.config.layer_count) {
        return fail(ErrorCode::corrupt_data,
                    fmt::format("tensor '{}' belongs to layer {}, the model says it has {}", name, layer,
                                files.config.layer_count));
      }
      if (const auto* rule =
              find_rule(architecture.layer_tensors, files.rule_name, rest.substr(digits + 1))) {
        return NamedRule{.name = layer_tensor_name(layer, rule->name), .rule = rule};
      }
    }
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("tensor '{}' is unknown to the architecture {}: this variant is not supported",
                          name, architecture.name));
}

Result<void> check_tensor(const StoredTensor& tensor, const TensorRule& rule, const ModelConfig& config) {
  std::vector<int64_t> expected = {extent_size(rule.rows, config)};
  if (rule.columns) expected.push_back(extent_size(*rule.columns, config));
  if (tensor.shape != expected) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("tensor '{}' has the shape [{}], the configuration says [{}]", tensor.name,
                            fmt::join(tensor.shape, ", "), fmt::join(expected, ", ")));
  }
  if (rule.columns ? !is_matrix_type(tensor.type) : !is_vector_type(tensor.type)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("tensor '{}' has the type {}, which is not supported there", tensor.name,
                            dtype_info(tensor.type).name));
  }
  return {};
}

Result<void> check_complete(const std::map<std::string, StoredTensor, std::less<>>& tensors,
                            const CheckpointFiles& files, const Architecture& architecture) {
  const auto missing = [](std::string_view name) {
    return fail(ErrorCode::corrupt_data, fmt::format("the tensor '{}' is missing", name));
  };
  for (const TensorRule& rule : head_tensors()) {
    if (rule.name == "output.weight" && files.config.tied_embeddings) continue;
    if (!tensors.contains(rule.name)) return missing(rule.*files.rule_name);
  }
  for (int64_t layer = 0; layer < files.config.layer_count; ++layer) {
    for (const TensorRule& rule : architecture.layer_tensors) {
      if (tensors.contains(layer_tensor_name(layer, rule.name))) continue;
      return missing(fmt::format("{}{}.{}", files.layer_prefix, layer, rule.*files.rule_name));
    }
  }
  return {};
}

// The GGUF file of a folder: its only model, or the first file of its only split model.
Result<fs::path> find_gguf(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_gguf_name(name) || is_companion_name(name)) continue;
    if (parse_gguf_name(name).part == 1) found.push_back(entry->path());
  }
  if (error) return fail(ErrorCode::unavailable, fmt::format("cannot read the folder: {}", error.message()));
  if (found.empty()) {
    return fail(ErrorCode::not_found, "the folder has neither a config.json nor a GGUF file");
  }
  if (found.size() > 1) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the folder has {} GGUF models, name one of the files", found.size()));
  }
  return found.front();
}

Result<CheckpointFiles> read_files(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::not_found, "there is no such file or folder");
  if (!fs::is_directory(path, error)) return read_gguf_checkpoint(path);
  if (fs::exists(path / "config.json", error)) return read_hugging_face_checkpoint(path);
  const auto file = find_gguf(path);
  if (!file) return fail(file.error());
  return read_gguf_checkpoint(*file);
}

Result<std::map<std::string, StoredTensor, std::less<>>> name_tensors(const CheckpointFiles& files) {
  const Architecture& architecture = *find_architecture(files.config.architecture);
  std::map<std::string, StoredTensor, std::less<>> tensors;
  for (const StoredTensor& tensor : files.tensors) {
    auto identity = identify(files, architecture, tensor.name);
    if (!identity) return fail(identity.error());
    if (identity->rule == nullptr) continue;
    if (auto checked = check_tensor(tensor, *identity->rule, files.config); !checked)
      return fail(checked.error());
    StoredTensor named = tensor;
    named.name = identity->name;
    if (!tensors.emplace(identity->name, std::move(named)).second) {
      return fail(ErrorCode::corrupt_data, fmt::format("the tensor '{}' is there twice", tensor.name));
    }
  }
  if (auto complete = check_complete(tensors, files, architecture); !complete) return fail(complete.error());
  return tensors;
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const fs::path& path) {
  const auto files = read_files(path);
  if (!files) return fail(files.error(), path.string());
  auto tensors = name_tensors(*files);
  if (!tensors) return fail(tensors.error(), path.string());
  Checkpoint checkpoint;
  checkpoint.config_ = files->config;
  if (checkpoint.config_.name.empty()) checkpoint.config_.name = path.stem().string();
  checkpoint.tensors_ = std::move(*tensors);
  return checkpoint;
}

const StoredTensor* Checkpoint::find(std::string_view name) const {
  const auto tensor = tensors_.find(name);
  return tensor == tensors_.end() ? nullptr : &tensor->second;
}

int64_t Checkpoint::layer_bytes(int64_t layer) const {
  int64_t bytes = 0;
  for (const TensorRule& rule : find_architecture(config_.architecture)->layer_tensors) {
    if (const StoredTensor* tensor = find(layer_tensor_name(layer, rule.name))) bytes += tensor->bytes;
  }
  return bytes;
}

int64_t Checkpoint::head_bytes() const {
  int64_t bytes = 0;
  for (const TensorRule& rule : head_tensors()) {
    if (const StoredTensor* tensor = find(rule.name)) bytes += tensor->bytes;
  }
  return bytes;
}

int64_t Checkpoint::total_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors_) bytes += tensor.bytes;
  return bytes;
}

int64_t Checkpoint::bytes_per_token() const {
  return config_.tied_embeddings ? total_bytes() : total_bytes() - find("embedding.weight")->bytes;
}

}  // namespace shoal
