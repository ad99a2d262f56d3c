#include "model/checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "base/check.h"
#include "files/model_file_names.h"
#include "model/architecture.h"
#include "model/checkpoint_check.h"
#include "model/checkpoint_reader.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

Result<Checkpoint> Checkpoint::open(const fs::path& path) {
  const auto files = read_files(path);
  if (!files) return fail(files.error(), path.string());
  auto tensors = check_tensors(*files);
  if (!tensors) return fail(tensors.error(), path.string());
  Checkpoint checkpoint;
  checkpoint.config_ = files->config;
  if (checkpoint.config_.name.empty()) checkpoint.config_.name = path.stem().string();
  checkpoint.dialect_ = files->dialect;
  checkpoint.tensors_ = std::move(*tensors);
  return checkpoint;
}

const StoredTensor* Checkpoint::find(std::string_view name) const {
  const auto tensor = tensors_.find(name);
  return tensor == tensors_.end() ? nullptr : &tensor->second;
}

void Checkpoint::visit_weight(std::string_view prefix, const Weight& weight, Visitor visit) const {
  if (weight.need == Need::unused) return;
  const auto found = find_source(tensors_, dialect_, prefix, weight);
  if (!found) return;
  const auto stored = locate(*found, weight);
  CHECK(stored);  // check_tensors() has seen it
  visit(weight, *stored);
}

void Checkpoint::visit_layer(int64_t number, Layer& layer, Visitor visit) const {
  const std::string prefix = layer_prefix(dialect_, number);
  layer.visit_weights([&](const Weight& weight) { visit_weight(prefix, weight, visit); });
}

void Checkpoint::visit_head(Head& head, Visitor visit) const {
  head.visit_weights(config_, [&](const Weight& weight) { visit_weight("", weight, visit); });
}

int64_t Checkpoint::layer_bytes(int64_t layer) const {
  int64_t bytes = 0;
  visit_layer(layer, *make_layer(config_, layer),
              [&](const Weight&, const StoredWeight& stored) { bytes += stored.bytes(); });
  return bytes;
}

int64_t Checkpoint::head_bytes() const {
  int64_t bytes = 0;
  Head head;
  visit_head(head, [&](const Weight&, const StoredWeight& stored) { bytes += stored.bytes(); });
  return bytes;
}

int64_t Checkpoint::total_bytes() const {
  int64_t bytes = head_bytes();
  for (int64_t layer = 0; layer < config_.layer_count(); ++layer) bytes += layer_bytes(layer);
  return bytes;
}

int64_t Checkpoint::bytes_per_token() const {
  double bytes = 0;  // exact: a model has fewer than 2^53 bytes
  const auto add = [&](const Weight& weight, const StoredWeight& stored) {
    bytes += weight.read_per_token * static_cast<double>(stored.bytes());
  };
  Head head;
  visit_head(head, add);
  for (int64_t layer = 0; layer < config_.layer_count(); ++layer) {
    visit_layer(layer, *make_layer(config_, layer), add);
  }
  return std::llround(bytes);
}

}  // namespace shoal
