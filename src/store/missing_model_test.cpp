#include "store/missing_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace shoal {
namespace {

using testing::HasSubstr;
using testing::Not;

const StoreFolders folders{.home = "/data/shoal", .exo_downloads = {}, .hugging_face_hub = {}};

TEST(MissingModel, SaysWhatIsHereAndHowToGetIt) {
  const std::vector<std::string> known{"alpha", "beta"};
  const std::string text = describe_missing_model("org/new", known, folders);
  EXPECT_THAT(text, HasSubstr("model 'org/new' is not on this machine"));
  EXPECT_THAT(text, HasSubstr("here are alpha, beta."));
  EXPECT_THAT(text, HasSubstr("into /data/shoal/downloads/org--new "));
  EXPECT_THAT(text, HasSubstr("models --all"));
  EXPECT_THAT(describe_missing_model("alhpa", known, folders), HasSubstr("did you mean alpha?"));
  EXPECT_THAT(describe_missing_model("x", {}, folders), HasSubstr("no model is."));
}

TEST(MissingModel, NamesWhereAModelOfTheCatalogueComesFrom) {
  EXPECT_THAT(describe_missing_model("llama-3.2-1b", {}, folders),
              HasSubstr("unsloth--Llama-3.2-1B-Instruct"));
}

TEST(MissingModel, WhatIsNoNameLeadsToNoFolder) {
  const std::string text = describe_missing_model("../../etc/\x1b[2Jpasswd", {}, folders);
  EXPECT_THAT(text, HasSubstr("/downloads/NAME "));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  const std::vector<std::string> many(30, "some-model");
  EXPECT_LT(describe_missing_model(std::string(100000, 'x'), many, folders).size(), 900u);
}

}  // namespace
}  // namespace shoal
