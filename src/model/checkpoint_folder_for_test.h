// A small Hugging Face model's folder that tests write and make wrong in one place.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/os.h"
#include "files/safetensors.h"
#include "model/checkpoint.h"

namespace shoal {

namespace fs = std::filesystem;
using nlohmann::json;

// All its weights are zero.
class CheckpointFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("shoal-checkpoint-{:016x}", os::random_bits());
    fs::create_directory(folder_);
    config_ = {{"model_type", "llama"},    {"hidden_size", 32},
               {"intermediate_size", 64},  {"num_hidden_layers", 2},
               {"num_attention_heads", 4}, {"num_key_value_heads", 2},
               {"vocab_size", 48},         {"max_position_embeddings", 128},
               {"rms_norm_eps", 1e-5},     {"tie_word_embeddings", false}};
    shapes_ = {
        {"model.embed_tokens.weight", {48, 32}}, {"model.norm.weight", {32}}, {"lm_head.weight", {48, 32}}};
    for (int layer = 0; layer < 2; ++layer) {
      const std::string prefix = fmt::format("model.layers.{}.", layer);
      shapes_[prefix + "input_layernorm.weight"] = {32};
      shapes_[prefix + "post_attention_layernorm.weight"] = {32};
      shapes_[prefix + "self_attn.q_proj.weight"] = {32, 32};
      shapes_[prefix + "self_attn.k_proj.weight"] = {16, 32};
      shapes_[prefix + "self_attn.v_proj.weight"] = {16, 32};
      shapes_[prefix + "self_attn.o_proj.weight"] = {32, 32};
      shapes_[prefix + "mlp.gate_proj.weight"] = {64, 32};
      shapes_[prefix + "mlp.up_proj.weight"] = {64, 32};
      shapes_[prefix + "mlp.down_proj.weight"] = {32, 64};
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  void write_tensors(const std::string& file,
                     const std::map<std::string, std::vector<int64_t>>& shapes) const {
    const std::vector<std::byte> zeros(1 << 16);
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, shape] : shapes) {
      int64_t count = 1;
      for (const int64_t size : shape) count *= size;
      tensors.push_back({name, DType::f32, shape, std::span(zeros).first(static_cast<size_t>(4 * count))});
    }
    write(file, format_safetensors(tensors).value());
  }

  Result<Checkpoint> open() {
    write("config.json", config_.dump());
    write_tensors("model.safetensors", shapes_);
    return Checkpoint::open(folder_);
  }

  void expect_error(ErrorCode code, std::string_view part) {
    const auto checkpoint = open();
    ASSERT_FALSE(checkpoint) << "expected an error with: " << part;
    EXPECT_EQ(checkpoint.error().code, code) << checkpoint.error().message;
    EXPECT_THAT(checkpoint.error().message, testing::HasSubstr(std::string(part)));
    EXPECT_THAT(checkpoint.error().message, testing::HasSubstr(folder_.string()));
  }

  fs::path folder_;
  json config_;
  std::map<std::string, std::vector<int64_t>> shapes_;
};

}  // namespace shoal
