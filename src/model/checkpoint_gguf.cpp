#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/os.h"
#include "files/model_file_names.h"
#include "files/weight_headers.h"
#include "model/checkpoint_reader.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

constexpr int64_t max_split_count = 10000;

void add_tensors(const GgufFile& file, const fs::path& path, std::vector<StoredTensor>& tensors) {
  for (const GgufTensor& tensor : file.tensors) {
    tensors.push_back({.name = tensor.name,
                       .type = tensor.type,
                       .shape = tensor.shape,
                       .file = path,
                       .offset = tensor.offset,
                       .bytes = tensor.bytes});
  }
}

const StoredTensor* find_tensor(const std::vector<StoredTensor>& tensors, std::string_view name) {
  const auto tensor = std::ranges::find(tensors, name, &StoredTensor::name);
  return tensor == tensors.end() ? nullptr : &*tensor;
}

// Divisors of the rope frequencies (of llama3's scaling and of longrope), the tensors that are configuration.
Result<std::vector<float>> read_rope_divisors(const std::vector<StoredTensor>& tensors,
                                              std::string_view name) {
  const StoredTensor* tensor = find_tensor(tensors, name);
  if (tensor == nullptr) return std::vector<float>();
  constexpr int64_t max_count = 1 << 16;
  if (tensor->type != DType::f32 || tensor->shape.size() != 1 || tensor->shape[0] > max_count) {
    return fail(ErrorCode::corrupt_data, fmt::format("the tensor '{}' is not a short vector of F32", name));
  }
  std::vector<float> values(static_cast<size_t>(tensor->shape[0]));
  auto read = os::read_file_range(tensor->file, tensor->offset, std::as_writable_bytes(std::span(values)));
  if (!read) return fail(read.error());
  return values;
}

Result<GgufTensorFacts> read_facts(const std::vector<StoredTensor>& tensors) {
  const StoredTensor* embedding = find_tensor(tensors, "token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2) {
    return fail(ErrorCode::corrupt_data, "the tensor 'token_embd.weight' is missing or not a matrix");
  }
  GgufTensorFacts facts{.embedding_rows = embedding->shape[0],
                        .has_output_matrix = find_tensor(tensors, "output.weight") != nullptr};
  const std::pair<std::string_view, std::vector<float>&> divisors[] = {
      {"rope_freqs.weight", facts.rope_divisors},
      {"rope_factors_short.weight", facts.rope_short_divisors},
      {"rope_factors_long.weight", facts.rope_long_divisors}};
  for (const auto& [name, target] : divisors) {
    auto values = read_rope_divisors(tensors, name);
    if (!values) return fail(values.error());
    target = std::move(*values);
  }
  return facts;
}

// Of a part that is not the first.
Result<void> check_part(const GgufFile& file, int64_t part, int64_t count) {
  const auto check = [&](std::string_view key, int64_t expected) -> Result<void> {
    if (file.find_integer(key) == expected) return {};
    return fail(ErrorCode::corrupt_data, fmt::format("'{}' is not {}", key, expected));
  };
  if (auto number = check("split.no", part); !number) return number;
  return check("split.count", count);
}

Result<void> add_other_parts(const GgufFile& first, const fs::path& path, CheckpointFiles& files) {
  const int64_t count = first.find_integer("split.count").value_or(1);
  if (count <= 1) return {};
  if (count > max_split_count) {
    return fail(ErrorCode::corrupt_data, fmt::format("'split.count' is {}", count));
  }
  const std::string name = path.filename().string();
  const GgufPart named = parse_gguf_name(name);
  if (first.find_integer("split.no").value_or(0) != 0 || named.part != 1 || named.count != count) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("this is a part of a model in {} files; name the one that ends in {:05}-of-{:05}.gguf",
                    count, 1, count));
  }
  for (int64_t part = 1; part < count; ++part) {
    // Keeps the first file's ending, in its upper or lower case.
    const fs::path other = path.parent_path() / fmt::format("{}-{:05}{}", named.stem, part + 1,
                                                            name.substr(named.stem.size() + 6));
    const auto gguf = open_gguf(other);
    if (!gguf) return fail(gguf.error(), other.filename().string());
    if (auto checked = check_part(*gguf, part, count); !checked) {
      return fail(checked.error(), other.filename().string());
    }
    add_tensors(*gguf, other, files.tensors);
  }
  const int64_t tensor_count = std::ssize(files.tensors);
  const int64_t expected = first.find_integer("split.tensors.count").value_or(tensor_count);
  if (tensor_count != expected) {
    return fail(ErrorCode::corrupt_data,
                fmt::format("the {} files have {} tensors, 'split.tensors.count' is {}", count, tensor_count,
                            expected));
  }
  return {};
}

}  // namespace

Result<CheckpointFiles> read_gguf_checkpoint(const fs::path& path) {
  const auto first = open_gguf(path);
  if (!first) return fail(first.error());
  CheckpointFiles files{.config = {}, .tensors = {}, .dialect = Dialect::gguf};
  add_tensors(*first, path, files.tensors);
  if (auto added = add_other_parts(*first, path, files); !added) return fail(added.error());

  auto facts = read_facts(files.tensors);
  if (!facts) return fail(facts.error());
  auto config = read_gguf_config(*first, std::move(*facts));
  if (!config) return fail(config.error());
  files.config = std::move(*config);
  return files;
}

}  // namespace shoal
