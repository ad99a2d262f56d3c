// A small Llama for tests in two files: its matrices in formats of blocks, and the same numbers in float32.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "files/gguf_writer_for_test.h"
#include "tensor/dtype.h"

namespace shoal {

// Blocks as a file has them, and the values of their elements.
struct DrawnWeights {
  std::string bytes;
  std::vector<float> values;
};

// The two models as the bytes of GGUF files.
struct StoredModel {
  std::string as_blocks;
  std::string as_float;
};

// Which format a matrix has; `layer` is -1 for those of the head, `name` is "attn_v" or "token_embd".
using TypeOfMatrix = std::function<DType(int64_t layer, std::string_view name)>;
// Adds one block of the type.
using AddBlock = std::function<void(DType type, DrawnWeights& weights)>;

struct StoredModelTensor {
  std::string name;
  DType type;
  int64_t rows, columns;  // a vector has one row
};

inline std::vector<StoredModelTensor> stored_model_tensors(int64_t layers, const TypeOfMatrix& type_of) {
  constexpr int64_t hidden = 256, feed_forward = 512, key_value = 128, vocabulary = 256;
  std::vector<StoredModelTensor> tensors{{"token_embd.weight", type_of(-1, "token_embd"), vocabulary, hidden},
                                         {"output_norm.weight", DType::f32, 1, hidden},
                                         {"output.weight", type_of(-1, "output"), vocabulary, hidden}};
  for (int64_t layer = 0; layer < layers; ++layer) {
    const auto add_norm = [&](std::string_view name) {
      tensors.push_back({fmt::format("blk.{}.{}.weight", layer, name), DType::f32, 1, hidden});
    };
    const auto add = [&](std::string_view name, int64_t rows, int64_t columns) {
      tensors.push_back({fmt::format("blk.{}.{}.weight", layer, name), type_of(layer, name), rows, columns});
    };
    add_norm("attn_norm");
    add_norm("ffn_norm");
    add("attn_q", hidden, hidden);
    add("attn_k", key_value, hidden);
    add("attn_v", key_value, hidden);
    add("attn_output", hidden, hidden);
    add("ffn_gate", feed_forward, hidden);
    add("ffn_up", feed_forward, hidden);
    add("ffn_down", hidden, feed_forward);
  }
  return tensors;
}

inline StoredModel make_stored_model(int64_t layers, const TypeOfMatrix& type_of, const AddBlock& add_block) {
  const std::vector<StoredModelTensor> tensors = stored_model_tensors(layers, type_of);
  std::mt19937 random(21);
  GgufWriter quantized, plain;
  for (GgufWriter* writer : {&quantized, &plain}) {
    writer->header(tensors.size(), 9).key("general.architecture", "llama");
    writer->key("llama.block_count", static_cast<uint32_t>(layers)).key("llama.embedding_length", 256u);
    writer->key("llama.feed_forward_length", 512u);
    writer->key("llama.attention.head_count", 4u).key("llama.attention.head_count_kv", 2u);
    writer->key("llama.context_length", 1024u).key("llama.rope.freq_base", 10000.0f);
    writer->key("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  }
  std::string quantized_data, plain_data;
  for (const StoredModelTensor& tensor : tensors) {
    DrawnWeights weights;
    const bool is_plain = tensor.type == DType::f32;
    if (is_plain) {
      for (int64_t i = 0; i < tensor.columns; ++i)
        weights.values.push_back(0.75F + static_cast<float>(random() % 512) / 1024.0F);
    } else {
      while (std::ssize(weights.values) < tensor.rows * tensor.columns) add_block(tensor.type, weights);
    }
    const std::string values(reinterpret_cast<const char*>(weights.values.data()),
                             weights.values.size() * sizeof(float));
    std::vector<uint64_t> dimensions{static_cast<uint64_t>(tensor.columns)};
    if (!is_plain) dimensions.push_back(static_cast<uint64_t>(tensor.rows));
    const auto place = [&](GgufWriter& writer, std::string& data, DType type, const std::string& bytes) {
      writer.tensor(tensor.name, dimensions, ggml_type_number(type), data.size());
      data += bytes;
      data.resize((data.size() + 31) / 32 * 32);
    };
    place(quantized, quantized_data, tensor.type, is_plain ? values : weights.bytes);
    place(plain, plain_data, DType::f32, values);
  }
  return {.as_blocks = quantized.align().append(quantized_data).written(),
          .as_float = plain.align().append(plain_data).written()};
}

}  // namespace shoal
