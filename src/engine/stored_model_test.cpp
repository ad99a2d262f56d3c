// Whole models of the formats that stay as they are stored, against the same weights in float32, whose
// arithmetic cpu_engine_oracle_test.cpp holds to other programs' numbers. What a block is worth, the kernels'
// tests know.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/oracle_for_test.h"
#include "kernels/formats/stored_format.h"
#include "kernels/same_bits_for_test.h"
#include "model/stored_model_for_test.h"

namespace shoal {
namespace {

// Random bytes, drawn until all values are of the size that a model's are.
DrawnWeights draw_block(std::mt19937& random, DType type) {
  const DTypeInfo& info = dtype_info(type);
  DrawnWeights block{.bytes = std::string(static_cast<size_t>(info.block_bytes), '\0'),
                     .values = std::vector<float>(static_cast<size_t>(info.block_elements))};
  const auto is_usual = [](float value) { return std::abs(value) < 0.25F; };
  const auto is_large = [](float value) { return std::abs(value) > 0.01F; };
  do {
    for (char& byte : block.bytes) byte = static_cast<char>(random());
    dequantize(type, std::as_bytes(std::span(block.bytes)), block.values);
  } while (!std::ranges::all_of(block.values, is_usual) || std::ranges::none_of(block.values, is_large));
  return block;
}

// Few blocks are distinct, for drawing takes long.
StoredModel make_model_of(DType type) {
  std::mt19937 random(5);
  std::vector<DrawnWeights> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(draw_block(random, type));
  const auto add_block = [&](DType, DrawnWeights& weights) {
    const DrawnWeights& block = blocks[random() % blocks.size()];
    weights.bytes += block.bytes;
    weights.values.insert(weights.values.end(), block.values.begin(), block.values.end());
  };
  return make_stored_model(2, [&](int64_t, std::string_view) { return type; }, add_block);
}

std::vector<DType> types_without_layout() {
  std::vector<DType> types;
  for (const StoredFormat& format : stored_formats()) {
    if (format.pack == nullptr && format.type) types.push_back(*format.type);
  }
  return types;
}

class StoredModelOf : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    const StoredModel model = make_model_of(GetParam());
    folder_ = std::filesystem::temp_directory_path() / fmt::format("shoal-stored-{:016x}", os::random_bits());
    ASSERT_TRUE(os::write_text_file(folder_ / "blocks.gguf", model.as_blocks));
    ASSERT_TRUE(os::write_text_file(folder_ / "float.gguf", model.as_float));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<float> logits_of(const char* file, const CpuEngineSettings& settings) {
    const auto checkpoint = Checkpoint::open(folder_ / file);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    auto chain = EngineChain::load(*checkpoint, {1, 1}, settings);
    EXPECT_TRUE(chain) << chain.error().message;
    std::vector<TokenId> prompt;
    for (TokenId i = 0; i < 40; ++i) prompt.push_back((i * 37 + i * i) % 256);
    const auto logits = chain->logits_of(0, 0, prompt, 33);
    EXPECT_TRUE(logits) << logits.error().message;
    return *logits;
  }

  std::filesystem::path folder_;
};

INSTANTIATE_TEST_SUITE_P(Type, StoredModelOf, testing::ValuesIn(types_without_layout()),
                         [](const auto& type) { return std::string(dtype_info(type.param).name); });

TEST_P(StoredModelOf, HasTheBitsOfTheSameWeightsInFloat32) {
  const std::vector<float> truth = logits_of("float.gguf", exact_settings());
  EXPECT_GT(*std::ranges::max_element(truth), 1.0F) << "the model says something";
  EXPECT_TRUE(std::ranges::all_of(truth, [](float logit) { return std::isfinite(logit); }));
  CpuEngineSettings as_stored = exact_settings();
  as_stored.precision = WeightPrecision::as_stored;
  as_stored.isa = choose_isa().value();
  for (const CpuEngineSettings& settings : {exact_settings(), as_stored}) {
    const std::vector<float> logits = logits_of("blocks.gguf", settings);
    EXPECT_TRUE(test::same_bits(logits, truth));
  }
}

}  // namespace
}  // namespace shoal
