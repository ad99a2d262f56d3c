#include "store/catalogue.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace shoal {
namespace {

using testing::HasSubstr;

TEST(Catalogue, KnowsTheDefaultModelAndWhatUsersOfExoType) {
  std::set<std::string> ids;
  for (const CatalogueEntry& entry : builtin_catalogue()) {
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id << " stands there twice";
    EXPECT_FALSE(entry.repositories.empty()) << entry.id;
    EXPECT_GT(entry.layer_count, 0) << entry.id;
  }
  for (std::string_view id :
       {default_model, std::string_view("llama-3.2-1b"), std::string_view("llama-3.1-405b"),
        std::string_view("kimi-k2-4bit"), std::string_view("qwen-2.5-coder-1.5b")}) {
    EXPECT_TRUE(ids.contains(std::string(id))) << id;
  }
}

TEST(Catalogue, ReadsWhatAUserWrites) {
  const auto entries = parse_catalogue(
      R"({"models": [{"id": "a", "path": "x/y", "comment": 1}, {"id": "b", "repository": "o/n", "layers": 3}]})");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).path, "x/y");
  EXPECT_EQ(entries->at(1).repositories, std::vector<std::string>{"o/n"});
  EXPECT_EQ(entries->at(1).layer_count, 3);
}

TEST(Catalogue, TheListMayStandAloneAndNullIsAsNothing) {
  const auto entries = parse_catalogue(
      R"([{"id": "a", "repository": null, "path": "x", "layers": null}, {"id": "b", "repository": "o/n", "path": null}])");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).path, "x");
  EXPECT_TRUE(entries->at(0).repositories.empty());
  EXPECT_FALSE(entries->at(1).path);
  const auto wrong = parse_catalogue(R"([{"id": "a"}, {"id": ""}])");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("models[1]: `id`"));
}

TEST(Catalogue, NamesTheEntryAndTheMemberThatIsWrong) {
  struct Case {
    const char* json;
    const char* message;
  };
  for (const Case& wrong : {
           Case{"{\"models\": [\n  {\"id\": }]}", "line 2, column 10"},
           Case{R"({"models": [{"id": "a", "layers": 1e999}]})", "1e999"},
           Case{"[]", "a list `models`"},
           Case{R"({"models": {}})", "a list `models`"},
           Case{R"({"models": [1]})", "models[0]: must be an object"},
           Case{R"({"models": [{"id": "a"}, {"path": "x"}]})", "models[1]: `id`"},
           Case{R"({"models": [{"id": "a", "layers": "many"}]})", "models[0] (a): `layers`"},
           Case{R"({"models": [{"id": "a", "repository": "no-slash"}]})", "'no-slash'"},
           Case{R"({"models": [{"id": "a", "repository": "../up"}]})", "'../up'"},
           Case{R"({"models": [{"id": "a", "path": 7}]})", "`path`"},
       }) {
    const auto entries = parse_catalogue(wrong.json);
    ASSERT_FALSE(entries) << wrong.json;
    EXPECT_EQ(entries.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(entries.error().message, HasSubstr(wrong.message));
  }
}

}  // namespace
}  // namespace shoal
