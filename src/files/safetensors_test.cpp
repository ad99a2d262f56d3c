#include "files/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/os.h"
#include "base/test_data_for_test.h"

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string with_header(std::string_view header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header;
  file.append(data_bytes, '\2');
  return file;
}

Result<SafetensorsFile> parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), static_cast<int64_t>(file.size()));
}

void expect_safetensors_error(const Result<SafetensorsFile>& file, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(file) << "expected an error with: " << part;
  EXPECT_EQ(file.error().code, code) << file.error().message;
  EXPECT_THAT(file.error().message, HasSubstr(std::string(part)));
}

const char* const two_tensors =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[3],"data_offsets":[8,14]},)"
    R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";

TEST(Safetensors, PlacesTensorsInTheFile) {
  const auto text = with_header(two_tensors, 14);
  const auto file = parse(text);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata.at("format"), "pt");
  const auto* a = file->find_tensor("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->type, DType::f32);
  EXPECT_THAT(a->shape, ElementsAre(2, 1));
  EXPECT_EQ(a->offset, static_cast<int64_t>(text.size()) - 14);
  EXPECT_EQ(file->find_tensor("b")->bytes, 6);
  EXPECT_EQ(file->find_tensor("c"), nullptr);
}

TEST(Safetensors, NeedsOnlyTheHeaderOfTheFile) {
  const auto text = with_header(two_tensors, 14);
  const auto head = std::as_bytes(std::span(text)).first(text.size() - 14);
  EXPECT_TRUE(parse_safetensors(head, static_cast<int64_t>(text.size())));
  EXPECT_FALSE(parse_safetensors(head, static_cast<int64_t>(text.size()) - 1));
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(parse_safetensors(head.first(size), static_cast<int64_t>(text.size()))) << size;
  }
}

TEST(Safetensors, RefusesHeadersOfImpossibleLength) {
  auto text = with_header(two_tensors, 14);
  const uint64_t huge = ~uint64_t{0};
  std::memcpy(text.data(), &huge, 8);
  expect_safetensors_error(parse(text), ErrorCode::corrupt_data, "the limit is");
  const uint64_t longer = text.size() - 7;
  std::memcpy(text.data(), &longer, 8);
  expect_safetensors_error(parse(text), ErrorCode::corrupt_data, "the header says");
}

TEST(Safetensors, RefusesTensorsThatContradictThemselves) {
  const auto one = [](std::string_view entry, size_t data_bytes) {
    return parse(with_header(R"({"t":)" + std::string(entry) + "}", data_bytes));
  };
  EXPECT_TRUE(one(R"({"dtype":"F16","shape":[2,3],"data_offsets":[0,12]})", 12));
  EXPECT_TRUE(one(R"({"dtype":"F16","shape":[],"data_offsets":[0,2]})", 2));
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[2,3],"data_offsets":[0,12]})", 11),
                           ErrorCode::corrupt_data, "cut off");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[2,3],"data_offsets":[0,12]})", 13),
                           ErrorCode::corrupt_data, "end at");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[2,3],"data_offsets":[0,10]})", 10),
                           ErrorCode::corrupt_data, "10 bytes");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[2,3],"data_offsets":[12,0]})", 12),
                           ErrorCode::corrupt_data, "[12, 0)");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[6],"data_offsets":[4,16]})", 16),
                           ErrorCode::corrupt_data, "begins at");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[-6],"data_offsets":[0,12]})", 12),
                           ErrorCode::corrupt_data, "no shape");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[1.5],"data_offsets":[0,12]})", 12),
                           ErrorCode::corrupt_data, "no shape");
  expect_safetensors_error(
      one(R"({"dtype":"F16","shape":[4294967296,4294967296,2],"data_offsets":[0,12]})", 12),
      ErrorCode::corrupt_data, "12 bytes");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[18446744073709551615],"data_offsets":[0,12]})", 12),
                           ErrorCode::corrupt_data, "no shape");
  expect_safetensors_error(one(R"({"dtype":"F16","shape":[6],"data_offsets":[0]})", 12),
                           ErrorCode::corrupt_data, "data_offsets");
  expect_safetensors_error(one(R"({"dtype":"F8_E4M3","shape":[6],"data_offsets":[0,6]})", 6),
                           ErrorCode::invalid_argument, "tensor 't' has the type F8_E4M3");
  expect_safetensors_error(one(R"({"shape":[6],"data_offsets":[0,6]})", 6), ErrorCode::corrupt_data,
                           "no dtype");
  expect_safetensors_error(one("3", 0), ErrorCode::corrupt_data, "not an object");
}

TEST(Safetensors, RefusesOverlapsAndNamesThatStandThereTwice) {
  expect_safetensors_error(parse(with_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                                             R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                                             6)),
                           ErrorCode::corrupt_data, "begins at");
  expect_safetensors_error(parse(with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                             R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                             1)),
                           ErrorCode::corrupt_data, "distinct names");
  expect_safetensors_error(parse(with_header("[]", 0)), ErrorCode::corrupt_data, "not a JSON object");
  expect_safetensors_error(parse(with_header(std::string(100'000, '['), 0)), ErrorCode::corrupt_data,
                           "not a JSON object");
  expect_safetensors_error(parse(with_header(R"({"__metadata__":{"x":1}})", 0)), ErrorCode::corrupt_data,
                           "__metadata__");
}

TEST(Safetensors, ReadsAnIndexButNoPathsOutOfTheFolder) {
  const auto index =
      parse_safetensors_index(R"({"metadata":{},"weight_map":{"a":"m-1.safetensors","b":"m-2.st"}})");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->at("b"), "m-2.st");
  for (const char* file :
       {R"("../x")", R"("/etc/x")", R"("a\\b")", R"("..")", R"("")", "3", R"("a\u0000b")"}) {
    const auto wrong = parse_safetensors_index(R"({"weight_map":{"w":)" + std::string(file) + "}}");
    ASSERT_FALSE(wrong) << file;
    EXPECT_THAT(wrong.error().message, HasSubstr("tensor 'w'"));
  }
  EXPECT_FALSE(parse_safetensors_index("{}"));
  EXPECT_FALSE(parse_safetensors_index("nonsense"));
}

TEST(Safetensors, ReadsWhatItWrites) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const std::vector<uint8_t> bytes = {7, 8, 9};
  const std::vector<TensorToWrite> tensors = {
      {"z", DType::u8, {3}, std::as_bytes(std::span(bytes))},
      {"logits", DType::f32, {2, 3}, std::as_bytes(std::span(values))},
  };
  const auto text = format_safetensors(tensors);
  ASSERT_TRUE(text);
  const auto file = parse(*text);
  ASSERT_TRUE(file) << file.error().message;
  const auto* logits = file->find_tensor("logits");
  ASSERT_NE(logits, nullptr);
  EXPECT_THAT(logits->shape, ElementsAre(2, 3));
  EXPECT_EQ(std::memcmp(text->data() + logits->offset, values.data(), 24), 0);
  EXPECT_EQ(std::memcmp(text->data() + file->find_tensor("z")->offset, bytes.data(), 3), 0);
}

TEST(Safetensors, WritesNothingThatIsInconsistent) {
  const std::vector<float> values = {1, 2, 3};
  const auto data = std::as_bytes(std::span(values));
  EXPECT_FALSE(format_safetensors({{{"a", DType::f32, {4}, data}}}));
  EXPECT_FALSE(format_safetensors({{{"a", DType::f32, {3}, data}, {"a", DType::f32, {3}, data}}}));
}

TEST(Safetensors, ReadsAFileThatAnotherProgramWrote) {
  const auto path = test_data_path("oracles/tiny/llama/model.safetensors");
  if (!exists(path)) GTEST_SKIP() << path;
  const auto mapped = os::MappedFile::open(path);
  ASSERT_TRUE(mapped);
  const auto file = parse_safetensors(mapped->bytes(), static_cast<int64_t>(mapped->bytes().size()));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->find_tensor("model.layers.4.self_attn.q_proj.weight")->shape, ElementsAre(192, 96));
  EXPECT_EQ(file->find_tensor("lm_head.weight")->type, DType::bf16);
}

}  // namespace
}  // namespace shoal
