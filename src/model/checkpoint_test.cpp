#include "model/checkpoint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_data_for_test.h"
#include "files/gguf_writer_for_test.h"
#include "model/checkpoint_folder_for_test.h"
#include "model/config_reader.h"

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CheckpointFolder, NamesTensorsAndCountsTheirBytes) {
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const int64_t layer = 4 * (2 * 32 + 2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32);
  EXPECT_EQ(checkpoint->layer_bytes(0), layer);
  EXPECT_EQ(checkpoint->head_bytes(), 4 * (2 * 48 * 32 + 32));
  EXPECT_EQ(checkpoint->total_bytes(), 2 * layer + checkpoint->head_bytes());
  EXPECT_EQ(checkpoint->bytes_per_token(), checkpoint->total_bytes() - 4 * 48 * 32);
  const StoredTensor* key = checkpoint->find("model.layers.1.self_attn.k_proj.weight");
  ASSERT_NE(key, nullptr);
  EXPECT_THAT(key->shape, ElementsAre(16, 32));
  EXPECT_EQ(checkpoint->find("model.layers.2.self_attn.k_proj.weight"), nullptr);
}

TEST_F(CheckpointFolder, CountsTiedEmbeddingsOnce) {
  config_["tie_word_embeddings"] = true;
  const auto with_copy = open();
  ASSERT_TRUE(with_copy) << with_copy.error().message;
  EXPECT_EQ(with_copy->head_bytes(), 4 * (48 * 32 + 32));
  EXPECT_EQ(with_copy->bytes_per_token(), with_copy->total_bytes());
  shapes_.erase("lm_head.weight");
  EXPECT_TRUE(open());
}

TEST_F(CheckpointFolder, ReadsShardsByTheirIndex) {
  write("config.json", config_.dump());
  std::map<std::string, std::vector<int64_t>> first, second;
  json map;
  for (const auto& [name, shape] : shapes_) {
    const bool in_first = name.starts_with("model.layers.0");
    (in_first ? first : second)[name] = shape;
    map[name] = in_first ? "a.safetensors" : "b.safetensors";
  }
  write_tensors("a.safetensors", first);
  write_tensors("b.safetensors", second);
  write("model.safetensors.index.json", json({{"weight_map", map}}).dump());
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->find("model.layers.0.mlp.up_proj.weight")->file.filename(), "a.safetensors");
  EXPECT_EQ(checkpoint->find("lm_head.weight")->file.filename(), "b.safetensors");

  fs::remove(folder_ / "b.safetensors");
  EXPECT_THAT(Checkpoint::open(folder_).error().message, HasSubstr("b.safetensors"));
  map["model.norm.weight"] = "a.safetensors";
  write_tensors("b.safetensors", {{"lm_head.weight", {48, 32}}});
  write("model.safetensors.index.json", json({{"weight_map", map}}).dump());
  EXPECT_THAT(Checkpoint::open(folder_).error().message, HasSubstr("it is not there"));
}

TEST_F(CheckpointFolder, AWholeFileGoesBeforeAStaleIndex) {
  write("model.safetensors.index.json",
        json({{"weight_map", {{"lm_head.weight", "model-00001-of-00002.safetensors"}}}}).dump());
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->find("lm_head.weight")->file.filename(), "model.safetensors");
}

TEST_F(CheckpointFolder, NamesAnUnknownArchitecture) {
  config_["model_type"] = "gpt9";
  expect_error(ErrorCode::invalid_argument, "model_type 'gpt9' is not supported; supported are gemma2, ");
}

TEST_F(CheckpointFolder, NamesAMissingTensor) {
  shapes_.erase("model.layers.1.mlp.up_proj.weight");
  expect_error(ErrorCode::corrupt_data, "the tensor 'model.layers.1.mlp.up_proj.weight' is missing");
}

TEST_F(CheckpointFolder, NamesAMissingOutputMatrix) {
  shapes_.erase("lm_head.weight");
  expect_error(ErrorCode::corrupt_data, "the tensor 'lm_head.weight' is missing");
}

TEST_F(CheckpointFolder, NamesATensorOfTheWrongShape) {
  shapes_["model.layers.0.self_attn.k_proj.weight"] = {32, 32};
  expect_error(ErrorCode::corrupt_data,
               "tensor 'model.layers.0.self_attn.k_proj.weight' has the shape [32, 32], the configuration "
               "says [16, 32]");
}

TEST_F(CheckpointFolder, NamesATensorThatTheArchitectureDoesNotKnow) {
  shapes_["model.layers.0.self_attn.q_norm.weight"] = {8};
  expect_error(ErrorCode::invalid_argument, "'model.layers.0.self_attn.q_norm.weight' is unknown");
}

TEST_F(CheckpointFolder, ATensorThatIsUnknownSaysMoreThanThoseThatAreMissing) {
  shapes_.erase("model.layers.1.self_attn.q_proj.weight");
  shapes_["model.layers.1.self_attn.query.weight"] = {32, 32};
  expect_error(ErrorCode::invalid_argument, "'model.layers.1.self_attn.query.weight' is unknown");
}

TEST_F(CheckpointFolder, NamesATensorThatIsThereTwice) {
  write("config.json", config_.dump());
  json map;
  for (const auto& [name, shape] : shapes_) map[name] = "a.safetensors";
  map["extra"] = "b.safetensors";
  write_tensors("a.safetensors", shapes_);
  write_tensors("b.safetensors", {{"extra", {1}}, {"model.norm.weight", {32}}});
  write("model.safetensors.index.json", json({{"weight_map", map}}).dump());
  EXPECT_THAT(Checkpoint::open(folder_).error().message,
              HasSubstr("the tensor 'model.norm.weight' is there twice"));
}

TEST_F(CheckpointFolder, NamesATensorBeyondTheLastLayer) {
  config_["num_hidden_layers"] = 1;
  expect_error(ErrorCode::corrupt_data, "belongs to layer 1, the model says it has 1");
}

TEST_F(CheckpointFolder, RefusesWhatItWouldComputeWrongly) {
  const json good = config_;
  const auto refuse = [&](const char* key, const json& value, std::string_view part) {
    config_ = good;
    config_[key] = value;
    expect_error(ErrorCode::invalid_argument, part);
  };
  refuse("mlp_bias", true, "'mlp_bias' says what is not supported");
  refuse("rope_scaling", {{"type", "yarn"}, {"llama_4_scaling_beta", 0.1}, {"factor", 2.0}},
         "llama_4_scaling");
  refuse("num_local_experts", 8, "'num_local_experts'");
  refuse("hidden_act", "gelu", "'hidden_act' is 'gelu'");
  refuse("layer_types", {"full_attention", "linear_attention"}, "'layer_types'");
  refuse("rope_scaling", {{"rope_type", "proportional"}, {"factor", 2.0}}, "'proportional' is not supported");
}

TEST_F(CheckpointFolder, RefusesAConfigurationThatIsNotWhole) {
  const json good = config_;
  const auto refuse = [&](const char* key, const json& value, std::string_view part) {
    config_ = good;
    config_[key] = value;
    expect_error(ErrorCode::corrupt_data, part);
  };
  refuse("hidden_size", nullptr, "'hidden_size' is missing");
  refuse("hidden_size", "32", "'hidden_size' is not an integer");
  refuse("hidden_size", -32, "the hidden size is -32");
  refuse("num_attention_heads", 0, "the head count is 0");
  refuse("num_key_value_heads", 3, "not a multiple");
  refuse("head_dim", 7, "rope: the count of turned dimensions is 7");
  refuse("head_dim", int64_t{1} << 62, "the head dimension is");
  refuse("partial_rotary_factor", 1e300, "'partial_rotary_factor' is 1e+300");
  refuse("rms_norm_eps", true, "'rms_norm_eps' is not a number");
  refuse("rms_norm_eps", "Infinity", "'rms_norm_eps' is not a number");
  refuse("num_hidden_layers", int64_t{1} << 62, "the layer count is");
  refuse("vocab_size", 1e3, "'vocab_size' is not an integer");
  refuse("rope_theta", 0.0, "the base is 0");
  refuse("rope_scaling", {{"type", "linear"}, {"factor", -2.0}}, "the factor is -2");
  refuse("rope_scaling", {{"type", "linear"}}, "'rope_scaling.factor' is missing");
  refuse("layer_types", {"full_attention"}, "the kinds of 1 layers are given, there are 2");
  refuse("rope_scaling", 3, "'rope_scaling' is not an object");
}

// The expected values are the defaults of transformers' LlamaConfig and Qwen2Config.
TEST_F(CheckpointFolder, TakesTheArchitecturesDefaultsForWhatIsNotSaid) {
  config_.erase("rms_norm_eps");
  config_["max_position_embeddings"] = nullptr;
  const auto llama = open();
  ASSERT_TRUE(llama) << llama.error().message;
  EXPECT_EQ(llama->config().norm_epsilon, 1e-6F);
  EXPECT_EQ(llama->config().context_length, 2048);
  config_["model_type"] = "qwen2";
  const auto qwen = read_hugging_face_config(config_.dump());
  ASSERT_TRUE(qwen) << qwen.error().message;
  EXPECT_EQ(qwen->norm_epsilon, 1e-6F);
  EXPECT_EQ(qwen->context_length, 32768);
}

TEST_F(CheckpointFolder, ReadsWhatPythonWrites) {
  std::string text = config_.dump();
  text.insert(1, R"("time_step_limit": [0.0, Infinity], "router_jitter": NaN, "low": -Infinity, )");
  const auto config = read_hugging_face_config("\xef\xbb\xbf" + text);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->hidden_size, 32);
  text.insert(1, R"("rope_theta": Infinity, )");
  const auto wrong = read_hugging_face_config(text);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("'rope_theta' is not a number"));
}

TEST_F(CheckpointFolder, SaysWhatAFolderLacks) {
  EXPECT_EQ(Checkpoint::open(folder_).error().code, ErrorCode::not_found);
  EXPECT_EQ(Checkpoint::open(folder_ / "nothing").error().code, ErrorCode::not_found);
  write("config.json", config_.dump());
  EXPECT_THAT(Checkpoint::open(folder_).error().message, HasSubstr("neither model.safetensors nor"));
  write("config.json", "{");
  EXPECT_THAT(Checkpoint::open(folder_).error().message, HasSubstr("not a JSON object"));
  write("model.safetensors", "short");
  write("config.json", config_.dump());
  EXPECT_EQ(Checkpoint::open(folder_).error().code, ErrorCode::corrupt_data);
}

TEST(TinyOracles, HaveTheSameConfigurationInBothForms) {
  for (const char* name :
       {"llama", "qwen2", "mistral", "mistral_yarn", "ministral3", "qwen3", "smollm3", "phi3", "phi3_long",
        "gemma2", "gemma3", "mixtral", "qwen2_moe", "qwen3_moe", "glm4_moe", "minimax_m2", "gpt_oss"}) {
    const auto source = test_data_path(std::string("oracles/tiny/") + name);
    if (!exists(source)) GTEST_SKIP() << source;
    const auto folder = fs::temp_directory_path() / fmt::format("shoal-config-{:016x}", os::random_bits());
    fs::create_directory(folder);
    fs::copy_file(source / "config.v5.json", folder / "config.json");
    for (const auto& entry : fs::directory_iterator(source)) {
      const fs::path file = entry.path().filename();
      if (file != "config.json") fs::create_symlink(entry.path(), folder / file);
    }
    const auto hub = Checkpoint::open(source);
    const auto version_5 = Checkpoint::open(folder);
    fs::remove_all(folder);
    ASSERT_TRUE(hub) << hub.error().message;
    ASSERT_TRUE(version_5) << version_5.error().message;
    ModelConfig expected = hub->config();
    expected.name = version_5->config().name;                  // the folder's
    expected.architecture = version_5->config().architecture;  // transformers says deepseek_v3 for kimi_k2
    EXPECT_EQ(version_5->config(), expected) << name;
    EXPECT_EQ(version_5->total_bytes(), hub->total_bytes());
  }
}

struct GgufModel {
  std::map<std::string, std::vector<int64_t>> shapes;  // outermost first; all F32

  GgufModel() {
    shapes = {{"token_embd.weight", {48, 32}}, {"output_norm.weight", {32}}};
    for (int layer = 0; layer < 2; ++layer) {
      const std::string prefix = fmt::format("blk.{}.", layer);
      for (const char* name : {"attn_norm", "ffn_norm"}) shapes[prefix + name + ".weight"] = {32};
      for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
        shapes[prefix + name + ".weight"] = {32, 32};
      for (const char* name : {"ffn_gate", "ffn_up"}) shapes[prefix + name + ".weight"] = {64, 32};
      shapes[prefix + "ffn_down.weight"] = {32, 64};
    }
  }

  // A part of a split model: the tensors whose name satisfies `wanted`, with all keys, and the keys of
  // `extra`, of which there are `extra_count`.
  std::string write(const std::function<bool(const std::string&)>& wanted, GgufWriter extra,
                    uint64_t extra_count, std::string_view architecture = "llama") const {
    GgufWriter writer;
    const auto count =
        static_cast<uint64_t>(std::ranges::count_if(shapes, [&](auto& item) { return wanted(item.first); }));
    writer.header(count, 8 + extra_count);
    const std::string prefix = std::string(architecture) + ".";
    writer.key("general.architecture", architecture);
    writer.key(prefix + "block_count", 2u).key(prefix + "embedding_length", 32u);
    writer.key(prefix + "feed_forward_length", 64u).key(prefix + "attention.head_count", 4u);
    writer.key(prefix + "context_length", 128u).key(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
    writer.key(prefix + "rope.freq_base", 10000.0f);
    writer.append(extra.written());
    uint64_t offset = 0;
    for (const auto& [name, shape] : shapes) {
      if (!wanted(name)) continue;
      uint64_t bytes = 4;
      for (const int64_t size : shape) bytes *= static_cast<uint64_t>(size);
      writer.tensor(name, std::vector<uint64_t>(shape.rbegin(), shape.rend()), 0, offset);
      offset += (bytes + 31) / 32 * 32;
    }
    return writer.align().append(std::string(offset, '\0')).written();
  }
};

bool every(const std::string&) { return true; }

class GgufCheckpoint : public CheckpointFolder {
 protected:
  Result<Checkpoint> open_with(GgufWriter extra, uint64_t count,
                               std::string_view architecture = "llama") const {
    write("m.gguf", model_.write(every, std::move(extra), count, architecture));
    return Checkpoint::open(folder_ / "m.gguf");
  }
  void refuse(const Result<Checkpoint>& checkpoint, std::string_view part) const {
    ASSERT_FALSE(checkpoint) << part;
    EXPECT_THAT(checkpoint.error().message, HasSubstr(std::string(part)));
  }
  GgufModel model_;
};

TEST_F(GgufCheckpoint, OpensByFileAndByFolder) {
  const auto file = open_with({}, 0);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->config().tied_embeddings);
  EXPECT_EQ(file->config().ropes[0].layout, RopeLayout::interleaved);
  EXPECT_EQ(file->config().layers[0].attention.kv_head_count, 4);
  EXPECT_EQ(file->config().name, "m");
  const auto folder = Checkpoint::open(folder_);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->total_bytes(), file->total_bytes());
  write("other.gguf", "");
  refuse(Checkpoint::open(folder_), "2 GGUF models");
}

TEST_F(GgufCheckpoint, ReadsAModelInSeveralFiles) {
  const auto part_keys = [&](uint32_t number, uint16_t count = 3, int32_t missing_tensors = 0) {
    GgufWriter keys;
    keys.text("split.no").put(2u).put(static_cast<uint16_t>(number));
    keys.text("split.count").put(2u).put(count);
    keys.text("split.tensors.count").put(5u);
    keys.put(static_cast<int32_t>(model_.shapes.size()) + missing_tensors);
    return keys;
  };
  const auto part_of = [](const std::string& name) {
    return name.starts_with("blk.0") ? 0 : name.starts_with("blk") ? 1 : 2;
  };
  const auto write_part = [&](int part, const GgufWriter& keys) {
    write(fmt::format("m-{:05}-of-00003.gguf", part + 1),
          model_.write([&](const std::string& name) { return part_of(name) == part; }, keys, 3));
  };
  for (int part = 0; part < 3; ++part) write_part(part, part_keys(static_cast<uint32_t>(part)));
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->find("token_embd.weight")->file.filename(), "m-00003-of-00003.gguf");
  refuse(Checkpoint::open(folder_ / "m-00002-of-00003.gguf"),
         "name the one that ends in 00001-of-00003.gguf");
  write_part(1, part_keys(1, 4));
  refuse(Checkpoint::open(folder_), "m-00002-of-00003.gguf: 'split.count' is not 3");
  write_part(1, part_keys(1));
  write_part(0, part_keys(0, 3, 1));
  refuse(Checkpoint::open(folder_), "the 3 files have 20 tensors, 'split.tensors.count' is 21");
  write_part(0, part_keys(0));
  fs::rename(folder_ / "m-00002-of-00003.gguf", folder_ / "x");
  refuse(Checkpoint::open(folder_), "m-00002-of-00003.gguf");
  fs::copy_file(folder_ / "m-00003-of-00003.gguf", folder_ / "m-00002-of-00003.gguf");
  refuse(Checkpoint::open(folder_), "'split.no' is not 1");
}

TEST_F(GgufCheckpoint, RefusesWhatItWouldComputeWrongly) {
  refuse(open_with({}, 0, "falcon"), "the architecture 'falcon' is not supported");
  refuse(open_with({}, 0, "qwen2"), "the tensor 'blk.0.attn_q.bias' is missing");
  refuse(open_with(GgufWriter().key("llama.expert_count", 8u), 1), "'llama.expert_used_count' is missing");
  refuse(open_with(GgufWriter().key("llama.attention.q_lora_rank", 8u), 1),
         "'llama.attention.q_lora_rank' says");
  refuse(open_with(GgufWriter().key("llama.attention.value_length", 16u), 1),
         "'llama.attention.value_length' is 16");
  refuse(open_with(GgufWriter().key("llama.rope.scaling.type", "su"), 1), "'su'");
  refuse(open_with(
             GgufWriter().key("llama.attention.key_length", 16u).key("llama.attention.value_length", 16u), 2),
         "has the shape");
}

TEST_F(GgufCheckpoint, GivesAllLayersTheWindowOfTheFile) {
  const auto checkpoint = open_with(GgufWriter().key("llama.attention.sliding_window", 64u), 1);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  for (const LayerSpec& layer : checkpoint->config().layers) EXPECT_EQ(layer.attention.window, 64);
}

// llama.cpp does not scale when the type is none, whatever the factor; scales linearly when there is no type;
// and takes a factor of 0 for 1.
TEST_F(GgufCheckpoint, ScalesRopeAsLlamaCppDoes) {
  const auto second_frequency = [&](const GgufWriter& keys, uint64_t count) {
    const auto checkpoint = open_with(keys, count);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    return checkpoint ? checkpoint->config().ropes[0].inverse_frequencies[1] : 0.0F;
  };
  const float plain = second_frequency({}, 0);
  const auto scaling = [](const char* type, float factor) {
    return GgufWriter().key("llama.rope.scaling.type", type).key("llama.rope.scaling.factor", factor);
  };
  EXPECT_EQ(second_frequency(scaling("none", 0), 2), plain);
  EXPECT_EQ(second_frequency(scaling("none", 4), 2), plain);
  EXPECT_EQ(second_frequency(scaling("linear", 0), 2), plain);
  EXPECT_EQ(second_frequency(scaling("linear", 4), 2), plain / 4);
  EXPECT_EQ(second_frequency(GgufWriter().key("llama.rope.scaling.factor", 4.0F), 1), plain / 4);
  EXPECT_EQ(second_frequency(GgufWriter().key("llama.rope.scaling.factor", 0.0F), 1), plain);
  EXPECT_EQ(second_frequency(GgufWriter().key("llama.rope.scale_linear", 2.0F), 1), plain / 2);
}

TEST_F(GgufCheckpoint, RefusesATokenizerThatIsLargerThanTheEmbedding) {
  const auto tokens = [](uint64_t count) {
    GgufWriter keys;
    keys.text("tokenizer.ggml.tokens").put(9u).put(8u).put(count);
    for (uint64_t i = 0; i < count; ++i) keys.text("t");
    return keys;
  };
  EXPECT_TRUE(open_with(tokens(48), 1));
  refuse(open_with(tokens(49), 1), "the tokenizer has 49 tokens, 'token_embd.weight' only 48 rows");
}

TEST_F(GgufCheckpoint, RefusesAFileThatIsCutOff) {
  const std::string whole = model_.write(every, {}, 0);
  write("m.gguf", whole.substr(0, whole.size() - 100));
  refuse(Checkpoint::open(folder_ / "m.gguf"), "cut off");
}

}  // namespace
}  // namespace shoal
