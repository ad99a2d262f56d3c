#include <gtest/gtest.h>

#include <vector>

#include "store/model_files_for_test.h"
#include "store/model_folder.h"

namespace shoal {
namespace {

class ModelContentTest : public ModelFilesFixture {
 protected:
  // The fingerprint that a fresh cache reads.
  ModelFingerprint fingerprint(const fs::path& relative) const {
    FileFactsCache facts("");
    const auto models = find_model_files(root_ / relative, Depth::all, facts);
    EXPECT_EQ(models.size(), 1u) << relative;
    return models.empty() ? ModelFingerprint() : read_content(models.front(), facts).fingerprint;
  }
  // Data larger than what is read whole at once; every byte is drawn.
  static std::string large(uint32_t seed) {
    std::string data(40 << 20, '\0');
    for (char& c : data) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return data;
  }
};

TEST_F(ModelContentTest, IsTheSameWhereverTheFilesLieAndWhateverTheyAreCalled) {
  write_gguf("a/m.gguf", "abc");
  write_gguf("b/deep/Other-Q4_0.gguf", "abc");
  EXPECT_EQ(fingerprint("a/m.gguf"), fingerprint("b/deep"));
  EXPECT_TRUE(fingerprint("a").is_known());
  EXPECT_NE(fingerprint("a").whole, 0u);
  for (const char* folder : {"c", "d"}) {
    const bool is_first = folder == std::string("c");
    write(fs::path(folder) / "config.json", "{}");
    write(fs::path(folder) / (is_first ? "model-00001-of-00002.safetensors" : "x-00002-of-00002.safetensors"),
          safetensors("one"));
    write(fs::path(folder) / (is_first ? "model-00002-of-00002.safetensors" : "x-00001-of-00002.safetensors"),
          safetensors("two"));
  }
  EXPECT_EQ(fingerprint("c"), fingerprint("d"));
}

TEST_F(ModelContentTest, SaysWhatIsAnother) {
  write_safetensors_model("m", "weights1");
  write("m/tokenizer.json", "{}");
  const ModelFingerprint before = fingerprint("m");
  write("m/README.md", "words");
  write("m/.cache/x", "more");
  EXPECT_EQ(fingerprint("m"), before);
  write("m/model.safetensors", safetensors("weights2"));
  EXPECT_EQ(describe_difference(fingerprint("m"), before), "the weights are others of the same size");
  write("m/model.safetensors", safetensors("weights1"));
  EXPECT_EQ(fingerprint("m"), before);
  write("m/tokenizer.json", "{ }");
  EXPECT_NE(fingerprint("m").text, before.text);
  write("m/tokenizer.json", "{}");
  write("m/config.json", "{ }");
  EXPECT_NE(fingerprint("m").settings, before.settings);
  write_gguf("g.gguf", "abc");
  const ModelFingerprint header = fingerprint("g.gguf");
  write("g.gguf", gguf("abc", "model", "qwen2"));
  EXPECT_NE(fingerprint("g.gguf").settings, header.settings);
}

TEST_F(ModelContentTest, OfLargeFilesSamplesTellAtOnceAndTheWholeTellsTheRest) {
  std::string data = large(1);
  write_gguf("a.gguf", data);
  write_gguf("other.gguf", large(2));
  data[data.size() / 2 + 1] ^= 1;
  write_gguf("b.gguf", data);
  const ModelFingerprint a = fingerprint("a.gguf");
  EXPECT_EQ(a.whole, 0u);
  EXPECT_FALSE(have_same_content(a, fingerprint("other.gguf")));
  EXPECT_TRUE(have_same_content(a, fingerprint("b.gguf"))) << "a byte that is no sample";
  std::vector<ModelFingerprint> read;
  for (const char* name : {"a.gguf", "b.gguf"}) {
    FileFactsCache facts(root_ / "kept.json");
    // Waits until the file's last change is old enough to be remembered.
    while (facts.look_at(root_ / name) != facts.read_samples(root_ / name)) {
    }
    ASSERT_TRUE(facts.read_whole(root_ / name, {}));
    const auto models = find_model_files(root_ / name, Depth::all, facts);
    read.push_back(read_content(models.front(), facts).fingerprint);
    ASSERT_TRUE(facts.keep());
  }
  EXPECT_NE(read[0].whole, 0u);
  EXPECT_FALSE(have_same_content(read[0], read[1]));
  // A new process still knows what was read, and forgets it when the file changes.
  FileFactsCache facts(root_ / "kept.json");
  EXPECT_NE(facts.look_at(root_ / "a.gguf").whole, 0u);
  write_gguf("a.gguf", large(2));
  EXPECT_EQ(facts.look_at(root_ / "a.gguf").whole, 0u);
}

}  // namespace
}  // namespace shoal
