#include "store/model_store.h"

#include <gmock/gmock.h>

#include <chrono>

#include "store/model_files_for_test.h"

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModelStoreTest : public ModelFilesFixture {
 protected:
  ModelStore store() {
    auto opened = ModelStore::open(folders());
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  StoreFolders folders() const {
    return {.home = root_ / "home", .exo_downloads = root_ / "exo", .hugging_face_hub = root_ / "hub"};
  }

  static std::vector<std::string> names_of(const ModelStore& store) {
    std::vector<std::string> names;
    for (const ModelOnDisk& model : store.list_models()) names.push_back(model.name);
    return names;
  }
};

TEST_F(ModelStoreTest, AFolderInDownloadsIsAModelOfThatName) {
  write_gguf("home/downloads/mine/weights.gguf");
  write_safetensors_model("home/downloads/other");
  write_gguf("home/downloads/single.gguf");
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
  write_gguf("files/a.gguf");
  write_gguf("home/downloads/smollm2-135m/b.gguf");
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
  write_gguf("home/secret.gguf");
  write_gguf("home/downloads/a/b/c.gguf");
  for (const char* name : {"..", "../secret", "../secret.gguf", "/etc", "a/b/c", "a//b", "a/..", "./a", "a/",
                           "/", "", ".hidden", "a/.b", "a\\b", "a\nb", "\x7f", "\xff"}) {
    const auto found = store().find_model(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument) << name;
  }
  EXPECT_FALSE(store().find_model((root_ / "home/secret.gguf").string()));
  EXPECT_FALSE(store().find_model(std::string(1000, 'a')));
}

TEST_F(ModelStoreTest, ACommandLineMayNameAPath) {
  write_gguf("files/a.gguf", "123456");
  write_safetensors_model("files/model");
  const auto file = store().find_model_or_path((root_ / "files/a.gguf").string());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "a");
  EXPECT_EQ(file->bytes, static_cast<int64_t>(fs::file_size(root_ / "files/a.gguf")));
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
  write_gguf("home/downloads/mine/a.gguf", "123456");
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
  write_gguf("home/downloads/mine/weights.gguf", "12345");
  write_gguf("home/downloads/single.gguf");
  write("home/downloads/readme.txt");
  fs::create_directories(root_ / "home/downloads/empty");
  write_safetensors_model("home/downloads/models--org--seeded/snapshots/x");
  write_safetensors_model("exo/mlx-community--Llama-3.2-1B-Instruct-4bit");
  write_gguf("exo/file.gguf");
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
  write_gguf("home/downloads/split/m-00001-of-00002.gguf", "12");
  write_gguf("home/downloads/split/m-00002-of-00002.gguf", "345");
  const auto models = store().list_models();
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].path, root_ / "home/downloads/split/m-00001-of-00002.gguf");
  EXPECT_EQ(models[0].bytes, static_cast<int64_t>(gguf("12").size() + gguf("345").size()));
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

TEST_F(ModelStoreTest, OfSeveralQuantisationsEachIsAModelAndTheNameAloneMeansTheUsualOne) {
  write_gguf("home/downloads/org--llama/llama-Q8_0.gguf", "8");
  write_gguf("home/downloads/org--llama/llama-q4_k_m.gguf", "4");
  write_gguf("home/downloads/org--llama/Q6_K/llama-Q6_K-00001-of-00002.gguf", "6");
  write_gguf("home/downloads/org--llama/Q6_K/llama-Q6_K-00002-of-00002.gguf", "66");
  const ModelStore opened = store();
  EXPECT_THAT(names_of(opened),
              ElementsAre("org/llama", "org/llama:Q4_K_M", "org/llama:Q6_K", "org/llama:Q8_0"));
  const auto plain = opened.find("org/llama");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->path.filename(), "llama-q4_k_m.gguf");
  EXPECT_EQ(plain->variant, "Q4_K_M");
  EXPECT_EQ(plain->variant_names.size(), 3u);
  EXPECT_EQ(opened.find_model("org/llama:latest"), plain->path);
  EXPECT_EQ(opened.find_model("ORG/Llama:q8_0")->filename(), "llama-Q8_0.gguf");
  EXPECT_EQ(opened.find("org/llama:Q6_K")->files.weights.size(), 2u);
  EXPECT_FALSE(opened.find("org/llama:Q2_K"));
}

TEST_F(ModelStoreTest, WhatLiesBesideAModelIsNoModel) {
  for (const char* name : {"._a.gguf", "mmproj-F16.gguf", "imatrix.gguf", ".hidden.gguf"}) {
    write(fs::path("home/downloads/m") / name, gguf());
  }
  write("home/downloads/m/a-lora.gguf", gguf("1", "adapter"));
  write("home/downloads/m/a-clip.gguf", gguf("1", "model", "clip"));
  write("home/downloads/._m.gguf", "\0\5\x16\7");
  write_gguf("home/downloads/m/m.gguf");
  EXPECT_THAT(names_of(store()), ElementsAre("m"));
  EXPECT_EQ(store().find_model("m"), root_ / "home/downloads/m/m.gguf");
}

TEST_F(ModelStoreTest, NamesAreThoseThatPeopleGiveTheirFiles) {
  const std::string umlauts = "Gr\xc3\xbc\xc3\x9f Gott (v2) [final] 100%";
  write_gguf("home/downloads/" + umlauts + ".GGUF");
  write_gguf("home/downloads/my models/a b.gguf");
  EXPECT_THAT(names_of(store()), ElementsAre(umlauts, "my models"));
  EXPECT_EQ(store().find_model(umlauts), root_ / ("home/downloads/" + umlauts + ".GGUF"));
  EXPECT_TRUE(store().find_model_or_path((root_ / "home/downloads/my models/a b.gguf").string()));
  EXPECT_EQ(store().find_model("a b"), root_ / "home/downloads/my models/a b.gguf");
}

TEST_F(ModelStoreTest, ModelsLieInDeeperFoldersToo) {
  write_gguf("home/downloads/org/name/model.gguf", "1");
  write_gguf("home/downloads/plain/Q4_K_M/x.gguf", "2");
  write_gguf("hub/models--a--b/snapshots/123/Q4_K_M/m.gguf", "3");
  write_gguf("hub/models--a--c/snapshots/123/gguf/m.gguf", "3");
  const ModelStore opened = store();
  EXPECT_THAT(names_of(opened), ElementsAre("a/b", "a/c", "org/name", "plain"));
  EXPECT_EQ(opened.find_model("org/name"), root_ / "home/downloads/org/name/model.gguf");
  EXPECT_EQ(opened.find_model("plain"), root_ / "home/downloads/plain/Q4_K_M/x.gguf");
  EXPECT_EQ(opened.find_model("a/b"), root_ / "hub/models--a--b/snapshots/123/Q4_K_M/m.gguf");
  EXPECT_EQ(opened.find_model("name"), root_ / "home/downloads/org/name/model.gguf");
}

TEST_F(ModelStoreTest, FilesThatCannotBeUsedSayWhy) {
  write("home/downloads/lfs/m.gguf", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 99\n");
  write("home/downloads/cut/m.gguf", gguf(std::string(500, 'x')).substr(0, 300));
  write("home/downloads/lfs-hub/config.json", "{}");
  write("home/downloads/lfs-hub/model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 99\n");
  write_gguf("home/downloads/part/m-00002-of-00003.gguf");
  write("home/downloads/index/config.json", "{}");
  write("home/downloads/index/model.safetensors.index.json", R"({"weight_map": {"t": "a.safetensors"}})");
  write("home/downloads/empty.gguf", "");
  write_gguf("home/downloads/whole/m-Q8_0.gguf");
  write("home/downloads/whole/m-Q4_K_M.gguf", "");
  const ModelStore opened = store();
  const std::vector<ModelOnDisk> models = opened.list_models();
  const auto problem_of = [&](std::string_view name) {
    const auto model = std::ranges::find(models, name, &ModelOnDisk::name);
    return model == models.end() ? "not listed" : model->problem;
  };
  EXPECT_THAT(problem_of("lfs"), HasSubstr("Git LFS pointer"));
  EXPECT_THAT(problem_of("lfs-hub"), HasSubstr("Git LFS pointer"));
  EXPECT_THAT(problem_of("cut"), HasSubstr("cut off"));
  EXPECT_THAT(problem_of("part"), HasSubstr("only 1 of 3 parts"));
  EXPECT_THAT(problem_of("index"), HasSubstr("a.safetensors"));
  EXPECT_THAT(problem_of("empty"), HasSubstr("is empty"));
  EXPECT_EQ(problem_of("whole"), "") << "what can be used goes before what people prefer";
  EXPECT_THAT(problem_of("whole:Q4_K_M"), HasSubstr("is empty"));
  const auto found = opened.find("lfs");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt_data);
  EXPECT_THAT(found.error().message, HasSubstr("Git LFS pointer"));
  EXPECT_THAT(opened.find_model_or_path((root_ / "home/downloads/empty.gguf").string()).error().message,
              HasSubstr("is empty"));
}

TEST_F(ModelStoreTest, AnyCaseAndTheRepositorysNameFindAModel) {
  write_safetensors_model("home/downloads/smollm2-135m");
  for (const char* name : {"smollm2-135m", "SmolLM2-135M", "HuggingFaceTB/SmolLM2-135M-Instruct",
                           "huggingfacetb/smollm2-135m-instruct", "smollm2-135m:latest"}) {
    const auto found = store().find(name);
    ASSERT_TRUE(found) << name << ": " << found.error().message;
    EXPECT_EQ(found->name, "smollm2-135m");
  }
  write_gguf("home/downloads/a/x.gguf");
  write_gguf("home/downloads/b/x.gguf");
  EXPECT_THAT(store().find("x").error().message, HasSubstr("'x' may be a or b"));
}

TEST_F(ModelStoreTest, AWholeFileBesideAStaleIndexIsTheModel) {
  write_safetensors_model("home/downloads/m");
  write("home/downloads/m/model.safetensors.index.json", R"({"weight_map": {"t": "gone.safetensors"}})");
  const auto found = store().find("m");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->files.weights, ElementsAre(root_ / "home/downloads/m/model.safetensors"));
}

}  // namespace
}  // namespace shoal
