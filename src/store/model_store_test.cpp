#include "store/model_store.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/ids.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ModelStoreTest : public testing::Test {
 protected:
  ~ModelStoreTest() override { fs::remove_all(root_); }

  void write(const fs::path& relative, const std::string& text = "1234") {
    fs::create_directories((root_ / relative).parent_path());
    std::ofstream(root_ / relative) << text;
  }
  void write_safetensors_model(const fs::path& relative) {
    write(relative / "config.json", "{}");
    write(relative / "model.safetensors");
  }

  ModelStore store() {
    auto opened = ModelStore::open(folders());
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  StoreFolders folders() const {
    return {.home = root_ / "home", .exo_downloads = root_ / "exo", .hugging_face_hub = root_ / "hub"};
  }

  fs::path root_ = fs::temp_directory_path() / make_random_id("shoal-store-test-");
};

TEST_F(ModelStoreTest, AFolderInDownloadsIsAModelOfThatName) {
  write("home/downloads/mine/weights.gguf");
  write_safetensors_model("home/downloads/other");
  write("home/downloads/single.gguf");
  EXPECT_EQ(store().find_model("mine"), root_ / "home/downloads/mine/weights.gguf");
  EXPECT_EQ(store().find_model("other"), root_ / "home/downloads/other");
  EXPECT_EQ(store().find_model("single"), root_ / "home/downloads/single.gguf");
}

TEST_F(ModelStoreTest, ACatalogueNameIsFoundUnderAnyOfItsRepositories) {
  write_safetensors_model("exo/unsloth--Llama-3.2-1B-Instruct");
  EXPECT_EQ(store().find_model("llama-3.2-1b"), root_ / "exo/unsloth--Llama-3.2-1B-Instruct");
  write_safetensors_model("exo/mlx-community--Llama-3.2-1B-Instruct-4bit");
  EXPECT_EQ(store().find_model("llama-3.2-1b"), root_ / "exo/mlx-community--Llama-3.2-1B-Instruct-4bit");
  EXPECT_EQ(store().find_model("unsloth/Llama-3.2-1B-Instruct"),
            root_ / "exo/unsloth--Llama-3.2-1B-Instruct");
}

TEST_F(ModelStoreTest, TheHubsCacheIsReadAtTheRevisionThatMainNames) {
  write_safetensors_model("hub/models--org--name/snapshots/aaa");
  EXPECT_EQ(store().find_model("org/name"), root_ / "hub/models--org--name/snapshots/aaa");
  write_safetensors_model("hub/models--org--name/snapshots/bbb");
  write("hub/models--org--name/refs/main", "bbb\n");
  EXPECT_EQ(store().find_model("org/name"), root_ / "hub/models--org--name/snapshots/bbb");
  write("hub/models--org--name/refs/main", "../../..");
  EXPECT_EQ(store().find_model("org/name"), root_ / "hub/models--org--name/snapshots/aaa");
}

TEST_F(ModelStoreTest, TheUsersOwnEntriesComeFirst) {
  write("files/a.gguf");
  write("home/downloads/smollm2-135m/b.gguf");
  EXPECT_EQ(store().find_model("smollm2-135m"), root_ / "home/downloads/smollm2-135m/b.gguf");
  write("home/models.json", R"({"models": [{"id": "smollm2-135m", "path": "../files/a.gguf"}]})");
  EXPECT_EQ(store().find_model("smollm2-135m"), root_ / "home/../files/a.gguf");
}

TEST_F(ModelStoreTest, AnErrorInModelsJsonNamesTheFileAndThePlace) {
  write("home/models.json", "{\"models\": [\n{]}");
  const auto opened = ModelStore::open(folders());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, testing::AllOf(HasSubstr("models.json"), HasSubstr("line 2")));
}

TEST_F(ModelStoreTest, ALinkThatTheUserPutThereIsFollowed) {
  write_safetensors_model("elsewhere/model");
  fs::create_directories(root_ / "home/downloads");
  fs::create_directory_symlink(root_ / "elsewhere/model", root_ / "home/downloads/linked");
  EXPECT_EQ(store().find_model("linked"), root_ / "home/downloads/linked");
}

TEST_F(ModelStoreTest, NoNameFromOutsideLeadsOutOfTheFolders) {
  write("home/secret.gguf");
  write("home/downloads/a/b/c.gguf");
  for (const char* name : {"..", "../secret", "../secret.gguf", "/etc", "a/b/c", "a//b", "a/..", "./a", "a/",
                           "/", "", ".hidden", "a/.b", "a\\b", "a b", "a\nb", "a%2fb", "\xff"}) {
    const auto found = store().find_model(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument) << name;
  }
  EXPECT_FALSE(store().find_model((root_ / "home/secret.gguf").string()));
  EXPECT_FALSE(store().find_model(std::string(1000, 'a')));
}

TEST_F(ModelStoreTest, ACommandLineMayNameAPath) {
  write("files/a.gguf", "123456");
  write_safetensors_model("files/model");
  const auto file = store().find_model_or_path((root_ / "files/a.gguf").string());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "a");
  EXPECT_EQ(file->bytes, 6);
  const auto folder = store().find_model_or_path((root_ / "files/model/").string());
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->name, "model");
  const auto neither = store().find_model_or_path(root_.string());
  ASSERT_FALSE(neither);
  EXPECT_THAT(neither.error().message, HasSubstr("is no model"));
  const std::vector<std::string> not_there{(root_ / "none.gguf").string(), "none.gguf", "./none"};
  for (const std::string& missing : not_there) {
    const auto nothing = store().find_model_or_path(missing);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().message, "there is no file or folder " + missing);
  }
}

TEST_F(ModelStoreTest, AFolderOfTheSameNameHidesNoModel) {
  write("home/downloads/mine/a.gguf", "123456");
  write("here/mine/notes.txt", "not a model");
  const fs::path before = fs::current_path();
  fs::current_path(root_ / "here");
  const auto found = store().find_model_or_path("mine");
  fs::current_path(before);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->path, root_ / "home/downloads/mine/a.gguf");
}

TEST_F(ModelStoreTest, WhatIsMissingIsSaidWithThePlacesAndWhatToDo) {
  const auto found = store().find_model("llama-3.2-1b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
  for (const char* part : {"'llama-3.2-1b'", "unsloth--Llama-3.2-1B-Instruct", "home/downloads", "exo", "hub",
                           "home/downloads/llama-3.2-1b", "shoal models"}) {
    EXPECT_THAT(found.error().message, HasSubstr(part));
  }
}

TEST_F(ModelStoreTest, EveryListedModelIsFoundByItsName) {
  write("home/downloads/mine/weights.gguf", "12345");
  write("home/downloads/single.gguf");
  write("home/downloads/readme.txt");
  fs::create_directories(root_ / "home/downloads/empty");
  write_safetensors_model("home/downloads/models--org--seeded/snapshots/x");
  write_safetensors_model("exo/mlx-community--Llama-3.2-1B-Instruct-4bit");
  write("exo/file.gguf");
  write_safetensors_model("hub/models--org--name/snapshots/aaa");
  write("hub/version.txt");
  write("home/models.json",
        R"({"models": [{"id": "own", "path": "../exo/file.gguf"}, {"id": "gone", "path": "no"}]})");
  const ModelStore opened = store();
  std::vector<std::string> names;
  for (const ModelOnDisk& model : opened.list_models()) {
    names.push_back(model.name);
    EXPECT_EQ(opened.find_model(model.name), model.path);
  }
  EXPECT_THAT(names, ElementsAre("file", "llama-3.2-1b", "mine", "org/name", "org/seeded", "own", "single"));
}

TEST_F(ModelStoreTest, OfASplitModelAllPartsAreCounted) {
  write("home/downloads/split/m-00001-of-00002.gguf", "12");
  write("home/downloads/split/m-00002-of-00002.gguf", "345");
  const auto models = store().list_models();
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].path, root_ / "home/downloads/split/m-00001-of-00002.gguf");
  EXPECT_EQ(models[0].bytes, 5);
}

TEST_F(ModelStoreTest, SeedModelsAreMovedOnceAndNothingIsOverwritten) {
  write_safetensors_model("seed/models--org--name/snapshots/x");
  write("seed/unrelated/file.txt");
  const auto moved = take_seed_models(root_ / "seed", folders());
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_THAT(*moved, ElementsAre("org/name"));
  EXPECT_TRUE(store().find_model("org/name"));
  EXPECT_TRUE(fs::exists(root_ / "seed/unrelated/file.txt"));
  write_safetensors_model("seed/models--org--name/snapshots/y");
  EXPECT_THAT(take_seed_models(root_ / "seed", folders()).value(), ElementsAre());
  EXPECT_TRUE(fs::exists(root_ / "seed/models--org--name/snapshots/y"));
  EXPECT_FALSE(take_seed_models(root_ / "no-such-folder", folders()));
}

}  // namespace
}  // namespace shoal
