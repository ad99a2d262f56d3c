#include "store/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include "files/model_file_names.h"
#include "store/content_hash.h"
#include "store/folder.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

constexpr int64_t depth_limit = 3;  // levels of folders below a model's

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Sets the size of the weights and the first problem found with them.
void look_at_weights(ModelFiles& model, FileFactsCache& facts) {
  for (const fs::path& file : model.weights) {
    const FileFacts known = facts.look_at(file);
    model.bytes += known.identity.bytes;
    if (!known.problem.empty() && model.problem.empty()) {
      model.problem = fmt::format("{}: {}", file.filename().string(), known.problem);
    }
  }
}

// The GGUF models in one folder: each is one file, or all parts of a split one.
std::vector<ModelFiles> find_gguf_models(const std::vector<fs::path>& entries, FileFactsCache& facts) {
  std::map<std::string, std::vector<std::pair<GgufPart, fs::path>>>
      groups;  // by name without the part's number
  for (const fs::path& entry : entries) {
    const std::string name = entry.filename().string();
    if (!is_gguf_name(name) || is_companion_name(name) || !is_file(entry)) continue;
    GgufPart part = parse_gguf_name(name);
    groups[fmt::format("{} of {}", part.stem, part.count)].emplace_back(std::move(part), entry);
  }
  std::vector<ModelFiles> models;
  for (auto& [key, parts] : groups) {
    const GgufPart& first = parts.front().first;
    ModelFiles model{.path = parts.front().second, .variant = first.stem};
    if (facts.look_at(model.path).is_companion) continue;
    for (const auto& [part, path] : parts) model.weights.push_back(path);
    if (std::ssize(parts) != first.count) {
      model.problem =
          fmt::format("only {} of {} parts of {} are there", parts.size(), first.count, first.stem);
    }
    look_at_weights(model, facts);
    models.push_back(std::move(model));
  }
  return models;
}

// Whether there are weights of the hub's kinds, even if we cannot read them.
bool has_other_weights(const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [](const std::string& name) {
    return is_safetensors_name(name) || name == "model.safetensors.index.json" ||
           name.starts_with("pytorch_model");
  });
}

std::optional<ModelFiles> find_safetensors_model(const fs::path& folder, const std::vector<fs::path>& entries,
                                                 FileFactsCache& facts) {
  if (!is_file(folder / "config.json")) return std::nullopt;
  std::vector<std::string> names;
  for (const fs::path& entry : entries) {
    if (is_file(entry)) names.push_back(entry.filename().string());
  }
  std::optional<std::string> index;
  if (auto text = os::read_text_file(folder / "model.safetensors.index.json")) index = *std::move(text);
  ModelFiles model{.path = folder};
  const auto chosen = choose_safetensors(names, index);
  if (!chosen && !has_other_weights(names)) return std::nullopt;
  if (!chosen) {
    model.problem = chosen.error().message;
    return model;
  }
  for (const std::string& name : *chosen) model.weights.push_back(folder / name);
  look_at_weights(model, facts);
  return model;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

// All models in and below a folder. The variant of one in a folder below begins with that folder's name.
std::vector<ModelFiles> find_below(const fs::path& folder, Depth depth, int64_t level,
                                   FileFactsCache& facts) {
  const std::vector<fs::path> entries = entries_of(folder);
  std::vector<ModelFiles> models = find_gguf_models(entries, facts);
  const auto whole = find_safetensors_model(folder, entries, facts);
  // Folders below a Hugging Face model belong to it, unless they are named after a quantisation.
  if (whole) depth = Depth::quantisations;
  if (whole) models.insert(models.begin(), *whole);
  if (level == depth_limit) return models;
  for (const fs::path& entry : entries) {
    const std::string name = entry.filename().string();
    const bool is_wanted = depth == Depth::all ? !name.starts_with('.') : is_quantisation(name);
    if (!is_wanted || !is_folder(entry)) continue;
    for (ModelFiles& model : find_below(entry, Depth::all, level + 1, facts)) {
      model.variant = model.variant.empty() ? name : fmt::format("{}-{}", name, model.variant);
      models.push_back(std::move(model));
    }
  }
  return models;
}

// Uses the quantisation alone as variant where it is unique: "Q4_K_M" for "llama-1b-Q4_K_M".
void shorten_variants(std::vector<ModelFiles>& models) {
  std::map<std::string, int64_t> counts;
  std::vector<std::string> labels;
  for (const ModelFiles& model : models) {
    labels.push_back(quantisation_in(model.variant));
    if (labels.back().empty()) labels.back() = model.variant;
    ++counts[upper(labels.back())];
  }
  for (size_t i = 0; i < models.size(); ++i) {
    if (counts[upper(labels[i])] == 1) models[i].variant = labels[i];
  }
}

// The preference among variants for a name without a quantisation: first what other programs take, then the
// nearest in quality, then needlessly large ones, last unknown ones.
size_t rank_of(std::string_view variant) {
  constexpr std::array<std::string_view, 19> ranks = {
      "",     "Q4_K_M", "UD-Q4_K_XL", "Q4_K_L", "Q5_K_M", "Q4_K_S", "Q4_K", "Q4_1", "Q4_0", "Q5_K_S",
      "Q5_K", "Q5_1",   "Q5_0",       "Q6_K",   "Q8_0",   "BF16",   "F16",  "FP16", "F32"};
  const std::string label = variant.empty() ? std::string() : quantisation_in(variant);
  if (!variant.empty() && label.empty()) return ranks.size();
  return static_cast<size_t>(std::ranges::find(ranks, label) - ranks.begin());
}

void put_best_first(std::vector<ModelFiles>& models) {
  std::ranges::stable_sort(models, {}, [](const ModelFiles& model) {
    return std::pair(!model.problem.empty(), rank_of(model.variant));
  });
}

// The models of the snapshot that refs/main names if one of them can be used, else of the first such
// snapshot.
std::vector<ModelFiles> find_in_hub_cache(const fs::path& folder, FileFactsCache& facts) {
  std::vector<fs::path> snapshots = entries_of(folder / "snapshots");
  if (auto main = os::read_text_file(folder / "refs" / "main")) {
    main->erase(std::ranges::find_if(*main, [](char c) { return c == '\n' || c == '\r' || c == ' '; }),
                main->end());
    std::ranges::stable_partition(snapshots, [&](const fs::path& path) { return path.filename() == *main; });
  }
  std::vector<ModelFiles> damaged;
  for (const fs::path& snapshot : snapshots) {
    std::vector<ModelFiles> models = find_below(snapshot, Depth::all, 0, facts);
    const bool is_usable =
        std::ranges::any_of(models, [](const auto& model) { return model.problem.empty(); });
    if (is_usable) return models;
    if (damaged.empty()) damaged = std::move(models);
  }
  return damaged;
}

// The model that `file` is, or is a part of.
std::vector<ModelFiles> find_by_file(const fs::path& file, FileFactsCache& facts) {
  if (!is_gguf_name(file.filename().string())) return {};
  const GgufPart named = parse_gguf_name(file.filename().string());
  std::vector<fs::path> parts = {file};
  if (named.count > 1) {
    parts = entries_of(file.parent_path().empty() ? "." : file.parent_path());
    std::erase_if(parts, [&](const fs::path& path) {
      const GgufPart part = parse_gguf_name(path.filename().string());
      return part.stem != named.stem || part.count != named.count;
    });
  }
  return find_gguf_models(parts, facts);
}

// The files that define how text becomes tokens, as far as we read them: the first tokenizer found, and the
// templates.
std::vector<fs::path> text_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name : {"tokenizer.json", "tekken.json", "tiktoken.model", "tokenizer.model"}) {
    if (!is_file(folder / name)) continue;
    files.push_back(folder / name);
    break;
  }
  for (const char* name : {"tokenizer_config.json", "generation_config.json", "chat_template.jinja"}) {
    if (is_file(folder / name)) files.push_back(folder / name);
  }
  if (!is_file(folder / "chat_template.jinja") && is_file(folder / "chat_template.json")) {
    files.push_back(folder / "chat_template.json");
  }
  return files;
}

// Hashes the hashes in an order that does not depend on file names.
uint64_t combine(std::vector<uint64_t> hashes) {
  std::ranges::sort(hashes);
  ContentHash all;
  for (const uint64_t hash : hashes) all.add(hash);
  return all.finish();
}

}  // namespace

std::vector<ModelFiles> find_model_files(const fs::path& path, Depth depth, FileFactsCache& facts) {
  if (is_file(path)) return find_by_file(path, facts);
  if (!is_folder(path)) return {};
  std::vector<ModelFiles> models =
      is_folder(path / "snapshots") ? find_in_hub_cache(path, facts) : find_below(path, depth, 0, facts);
  shorten_variants(models);
  put_best_first(models);
  return models;
}

std::vector<fs::path> files_of(const ModelFiles& model) {
  std::vector<fs::path> files = model.weights;
  if (!is_folder(model.path)) return files;
  files.push_back(model.path / "config.json");
  for (fs::path& file : text_files(model.path)) files.push_back(std::move(file));
  return files;
}

ModelContent read_content(const ModelFiles& model, FileFactsCache& facts) {
  ModelContent content;
  ModelFingerprint& fingerprint = content.fingerprint;
  std::vector<uint64_t> headers, samples, whole, text;
  for (const fs::path& file : model.weights) {
    const FileFacts known = facts.read_samples(file);
    content.files.push_back(known.identity);
    fingerprint.weight_bytes += known.identity.bytes;
    headers.push_back(known.header);
    samples.push_back(known.samples);
    whole.push_back(known.whole);
  }
  const bool is_read = std::ranges::find(whole, uint64_t{0}) == whole.end();
  if (is_folder(model.path)) {
    const FileFacts config = facts.read_samples(model.path / "config.json");
    content.files.push_back(config.identity);
    fingerprint.settings = config.samples;
    samples.insert(samples.end(), headers.begin(), headers.end());
    for (const fs::path& file : text_files(model.path)) {
      const FileFacts known = facts.read_samples(file);
      content.files.push_back(known.identity);
      text.insert(text.end(), {known.samples, static_cast<uint64_t>(known.identity.bytes)});
    }
    fingerprint.text = text.empty() ? 0 : combine(std::move(text));
  } else {
    fingerprint.settings = combine(std::move(headers));
  }
  fingerprint.weights = combine(std::move(samples));
  fingerprint.whole = is_read ? combine(std::move(whole)) : 0;
  return content;
}

}  // namespace shoal
