#include "api/foreign_fields.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

std::optional<ApiError> error_of_members(const std::string& members) {
  const auto object = parse_request_object("{" + members + "}");
  EXPECT_TRUE(object) << members;
  std::optional<ApiError> error;
  RequestFields fields(*object, error);
  refuse_foreign_settings(fields);
  return error;
}

TEST(ForeignFields, WhatChangesTheAnswerAndIsNotHereIsNamed) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"bad_words", R"(["damn"])"},
                                                        {"allowed_token_ids", "[5]"},
                                                        {"speculative", "true"},
                                                        {"speculative", R"({"n_max":3})"},
                                                        {"include_stop_str_in_output", "true"},
                                                        {"skip_special_tokens", "false"},
                                                        {"prompt_logprobs", "0"},
                                                        {"truncate_prompt_tokens", "100"},
                                                        {"mirostat", "2"},
                                                        {"typical_p", "0.5"},
                                                        {"tfs_z", "0.9"},
                                                        {"dry_multiplier", "0.8"},
                                                        {"xtc_probability", "0.5"},
                                                        {"use_beam_search", "true"},
                                                        {"structural_tag", R"("x")"},
                                                        {"lora", R"([{"id":0,"scale":1}])"},
                                                        {"no_repeat_ngram_size", "3"}}) {
    const auto error = error_of_members("\"" + name + "\":" + value);
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->status, 400);
    EXPECT_EQ(error->param, name);
    EXPECT_EQ(error->code, "unsupported_parameter");
    EXPECT_TRUE(error->message.starts_with(name)) << error->message;
  }
}

TEST(ForeignFields, WhatIsOffAndWhatChangesNothingIsPassedOver) {
  // What llama.cpp's and SillyTavern's pages, Open WebUI and vLLM's clients send without being told to.
  for (const char* members :
       {R"("bad_words":[],"speculative":false,"lora":[],"structural_tag":null,"skip_special_tokens":true)",
        R"("mirostat":0,"mirostat_tau":5,"mirostat_eta":0.1,"typical_p":1,"tfs_z":1.0,"xtc_probability":0,
           "xtc_threshold":0.1,"dry_multiplier":0,"dry_base":1.75,"dry_allowed_length":2,"dynatemp_range":0,
           "dynatemp_exponent":1,"repeat_last_n":64,"top_n_sigma":-1,"samplers":"edkypmxt","cache_prompt":true)",
        R"("use_beam_search":false,"truncate_prompt_tokens":null,"include_stop_str_in_output":false,
           "spaces_between_special_tokens":true,"guidance_scale":1,"negative_prompt":"","priority":0)",
        R"("timings_per_token":true,"keep_alive":"5m","num_ctx":4096,"anything":{"else":[1]})"}) {
    const auto error = error_of_members(members);
    EXPECT_FALSE(error) << error->message;
  }
}

}  // namespace
}  // namespace shoal
