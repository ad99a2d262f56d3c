#include "files/model_file_names.h"

#include <gmock/gmock.h>

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ModelFileNames, TellsModelsFromWhatLiesBesideThem) {
  for (const char* name : {"m.gguf", "M.GGUF", "a b (1).Gguf", "gr\xc3\xbc\xc3\x9f.gguf"})
    EXPECT_TRUE(is_gguf_name(name)) << name;
  for (const char* name : {"._m.gguf", ".gguf", "m.gguf.part", "gguf", "m.safetensors"}) {
    EXPECT_FALSE(is_gguf_name(name)) << name;
  }
  EXPECT_TRUE(is_safetensors_name("model.SafeTensors"));
  EXPECT_FALSE(is_safetensors_name("._model.safetensors"));
  for (const char* name :
       {"mmproj-F16.gguf", "MMPROJ.gguf", "llava-mmproj.gguf", "imatrix.gguf", "x.imatrix.gguf"}) {
    EXPECT_TRUE(is_companion_name(name)) << name;
  }
  EXPECT_FALSE(is_companion_name("llama-imatrix-Q4_K_M.gguf"));
  EXPECT_FALSE(is_companion_name("model.gguf"));
}

TEST(ModelFileNames, KnowsThePartsOfASplitFile) {
  EXPECT_EQ(parse_gguf_name("x-00002-of-00003.gguf"), (GgufPart{.stem = "x", .part = 2, .count = 3}));
  EXPECT_EQ(parse_gguf_name("x-Q4_0-00001-OF-00010.GGUF"),
            (GgufPart{.stem = "x-Q4_0", .part = 1, .count = 10}));
  for (const char* name :
       {"x-00004-of-00003", "x-0000a-of-00003", "x-00000-of-00003", "-00001-of-00003", "x.y"}) {
    EXPECT_EQ(parse_gguf_name(std::string(name) + ".gguf"), (GgufPart{.stem = name})) << name;
  }
}

TEST(ModelFileNames, KnowsQuantisationsByTheEndOfAName) {
  for (const auto& [stem, label] :
       {std::pair("llama-1b-Q4_K_M", "Q4_K_M"), std::pair("model.q8_0", "Q8_0"),
        std::pair("smol_iq2_xxs", "IQ2_XXS"), std::pair("L-3-8B-UD-Q4_K_XL", "UD-Q4_K_XL"),
        std::pair("m-bf16", "BF16"), std::pair("m.f16", "F16"), std::pair("Q6_K", "Q6_K"),
        std::pair("gpt-oss-20b-MXFP4", "MXFP4"), std::pair("qwen3-8b", ""), std::pair("q", ""),
        std::pair("llama-q4-chat", ""), std::pair("", "")}) {
    EXPECT_EQ(quantisation_in(stem), label) << stem;
  }
  EXPECT_TRUE(is_quantisation("q4_k_m"));
  EXPECT_FALSE(is_quantisation("org"));
  EXPECT_FALSE(is_quantisation("Qwen"));
}

TEST(ModelFileNames, ChoosesTheFilesThatHoldTheTensors) {
  const std::string index =
      R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})";
  const std::vector<std::string> parts = {"model-00001-of-00002.safetensors",
                                          "model-00002-of-00002.safetensors"};
  EXPECT_EQ(choose_safetensors(parts, index), parts);
  EXPECT_EQ(choose_safetensors(parts, std::nullopt), parts);
  // A whole file goes before an index, whether the index is stale or not.
  EXPECT_THAT(choose_safetensors({"config.json", "model.safetensors"}, index).value(),
              ElementsAre("model.safetensors"));
  const auto missing = choose_safetensors({parts[0]}, index);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("model-00002-of-00002.safetensors, which is not there"));
  const auto unnumbered = choose_safetensors({parts[1]}, std::nullopt);
  ASSERT_FALSE(unnumbered);
  EXPECT_THAT(unnumbered.error().message, HasSubstr("only 1 of 2 parts"));
  EXPECT_FALSE(choose_safetensors({"adapter_model.safetensors", "._model.safetensors"}, std::nullopt));
  EXPECT_FALSE(choose_safetensors(parts, "{"));
}

}  // namespace
}  // namespace shoal
