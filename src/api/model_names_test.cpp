#include "api/model_names.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

std::vector<ModelView> models(const std::vector<std::string>& names) {
  std::vector<ModelView> views;
  for (const std::string& name : names) views.push_back({.name = name, .is_loaded = false});
  return views;
}

TEST(ModelNames, AModelIsFoundByWhatOthersMakeOfItsName) {
  const auto known = models({"Llama-3", "org/Name", "tiny", "tiny:q4"});
  for (const auto& [name, expected] :
       std::vector<std::pair<std::string, std::string>>{{"tiny", "tiny"},
                                                        {"Tiny", "tiny"},
                                                        {"tiny:latest", "tiny"},
                                                        {"TINY:Latest", "tiny"},
                                                        {"openai/tiny", "tiny"},
                                                        {"OpenAI/Tiny:latest", "tiny"},
                                                        {"hosted_vllm/tiny", "tiny"},
                                                        {"tiny:Q4", "tiny:q4"},
                                                        {"llama-3", "Llama-3"},
                                                        {"openai/org/name", "org/Name"},
                                                        {"other", ""},
                                                        {"other/tiny", ""},
                                                        {"tiny:q8", ""},
                                                        {":latest", ""},
                                                        {"openai/", ""},
                                                        {"", ""}}) {
    const ModelView* found = find_model(known, name);
    EXPECT_EQ(found == nullptr ? "" : found->name, expected) << name;
  }
}

TEST(ModelNames, TheNameItselfGoesBeforeEverythingElse) {
  const auto known = models({"openai/gpt-oss", "gpt-oss", "a:latest", "a", "B", "b"});
  for (const char* name : {"openai/gpt-oss", "gpt-oss", "a:latest", "a", "B", "b"}) {
    EXPECT_EQ(find_model(known, name)->name, name);
  }
  EXPECT_EQ(find_model(models({"ab", "aB"}), "AB"), nullptr) << "which one?";
}

}  // namespace
}  // namespace shoal
