#include "files/foreign_file.h"

#include <gmock/gmock.h>

#include "files/gguf.h"
#include "files/safetensors.h"

namespace shoal {
namespace {

using testing::HasSubstr;

const std::string lfs_pointer =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 270898672\n";

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(ForeignFile, IsCalledWhatItIs) {
  EXPECT_THAT(
      recognise_foreign_file(bytes_of(lfs_pointer)).value_or(""),
      testing::AllOf(HasSubstr("Git LFS pointer"), HasSubstr("270898672 bytes"), HasSubstr("git lfs pull")));
  EXPECT_THAT(recognise_foreign_file({}).value_or(""), HasSubstr("is empty"));
  for (const char* page : {"<!DOCTYPE html><html>", "\n <HTML lang='en'>"}) {
    EXPECT_THAT(recognise_foreign_file(bytes_of(page)).value_or(""), HasSubstr("web page"));
  }
  EXPECT_THAT(recognise_foreign_file(bytes_of(std::string(4096, '\0'))).value_or(""),
              HasSubstr("has not ended"));
  EXPECT_FALSE(recognise_foreign_file(bytes_of("GGUF")));
  EXPECT_FALSE(recognise_foreign_file(bytes_of("{\"a\": 1}")));
}

TEST(ForeignFile, IsToldByTheReadersOfWeights) {
  const auto safetensors = parse_safetensors(bytes_of(lfs_pointer), static_cast<int64_t>(lfs_pointer.size()));
  ASSERT_FALSE(safetensors);
  EXPECT_THAT(safetensors.error().message, HasSubstr("Git LFS pointer"));
  const auto gguf = parse_gguf(bytes_of(lfs_pointer));
  ASSERT_FALSE(gguf);
  EXPECT_THAT(gguf.error().message, HasSubstr("Git LFS pointer"));
}

}  // namespace
}  // namespace shoal
